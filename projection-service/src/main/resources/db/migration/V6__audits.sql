-- What audits of the read model and the replica against the source found.

create table cdc_raw.audits (
    id         uuid primary key,
    status     text        not null check (status in ('RUNNING', 'DONE', 'FAILED')),
    started_at timestamptz not null default clock_timestamp(),
    ended_at   timestamptz,
    report     jsonb       not null,
    error      text
);

create unique index one_audit_at_a_time on cdc_raw.audits (status) where status = 'RUNNING';
create index audits_newest on cdc_raw.audits (started_at desc);
