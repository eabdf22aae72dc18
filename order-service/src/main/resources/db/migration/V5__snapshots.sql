-- Each re-publication of current state and how far it has come, so that a crash does not end it.

create table snapshots (
    id          uuid primary key,
    aggregate   text        not null,
    status      text        not null check (status in ('RUNNING', 'DONE')),
    last_id     uuid        not null,
    up_to       uuid        not null,
    published   bigint      not null check (published >= 0),
    total       bigint      not null check (total >= 0),
    started_at  timestamptz not null,
    updated_at  timestamptz not null,
    finished_at timestamptz
);

create unique index snapshots_running_key on snapshots (aggregate) where status = 'RUNNING';

grant select, insert, update on snapshots to orders_app;
