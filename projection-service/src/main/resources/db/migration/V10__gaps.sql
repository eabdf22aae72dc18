-- Records that were gone from their topic before they were applied. Each gap is reported until somebody acknowledges it.
create table cdc_raw.gaps (
    id          bigint generated always as identity primary key,
    topic       text        not null,
    partition   integer     not null,
    from_offset bigint      not null,
    to_offset   bigint      not null,
    cause       text        not null,
    found_at    timestamptz not null default clock_timestamp()
);
