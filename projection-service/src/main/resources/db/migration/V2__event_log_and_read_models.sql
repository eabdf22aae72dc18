-- Every event on record, read models of customers and products, and what was set aside.

-- A partition a day of the record's own time, so that retention drops whole partitions. Records of a topic that was deleted
-- and made anew have the old offsets once more, but another time.
create table cdc_raw.cdc_events (
    id              bigint generated always as identity,
    source_table    text        not null,
    operation       text        not null, -- Debezium's letters, t for a tombstone
    event_key       text,
    before_data     jsonb,
    after_data      jsonb,
    source_metadata jsonb,
    kafka_topic     text        not null,
    kafka_partition int         not null,
    kafka_offset    bigint      not null,
    kafka_timestamp timestamptz not null,
    event_timestamp timestamptz not null,
    processed_at    timestamptz not null default clock_timestamp(),
    primary key (kafka_topic, kafka_partition, kafka_offset, kafka_timestamp)
) partition by range (kafka_timestamp);

create index cdc_events_of_key on cdc_raw.cdc_events (event_key, kafka_offset);

-- Makes the day's partition and returns false, or returns true where there is one; who comes at the same time waits.
create function cdc_raw.open_day(day date) returns boolean language plpgsql as $$
declare
    name text := 'cdc_events_' || to_char(day, 'YYYYMMDD');
begin
    if to_regclass('cdc_raw.' || name) is not null then
        return true;
    end if;
    perform pg_advisory_xact_lock(hashtext('cdc_raw.cdc_events'));
    if to_regclass('cdc_raw.' || name) is not null then
        return true;
    end if;
    execute format('create table cdc_raw.%I partition of cdc_raw.cdc_events for values from (%L) to (%L)',
                   name, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
    return false;
end $$;

create view cdc_raw.cdc_statistics as
select source_table, operation, count(*) as events, min(event_timestamp) as first_event,
       max(event_timestamp) as last_event, max(processed_at) as last_processed
  from cdc_raw.cdc_events
 group by source_table, operation;

create table cdc_processed.customers (
    id            uuid primary key,
    name          text        not null,
    email         text        not null,
    created_at    timestamptz not null,
    updated_at    timestamptz not null,
    version       bigint      not null check (version >= 1),
    cdc_operation text        not null check (cdc_operation in ('c', 'u', 'r')),
    cdc_timestamp timestamptz not null,
    synced_at     timestamptz not null
);

create table cdc_processed.products (
    id            uuid primary key,
    sku           text           not null,
    name          text           not null,
    price         numeric(19, 2) not null check (price >= 0),
    created_at    timestamptz    not null,
    updated_at    timestamptz    not null,
    version       bigint         not null check (version >= 1),
    cdc_operation text           not null check (cdc_operation in ('c', 'u', 'r')),
    cdc_timestamp timestamptz    not null,
    synced_at     timestamptz    not null
);

create index customers_newest on cdc_processed.customers (created_at desc, id desc);
create index products_newest on cdc_processed.products (created_at desc, id desc);
