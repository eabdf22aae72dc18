-- What changed leaves the database through this one table: Debezium reads its inserts from the WAL and may see nothing else.

create table outbox (
    id             uuid primary key,
    aggregate_type text        not null,
    aggregate_id   uuid        not null,
    type           text        not null,
    payload        jsonb, -- null is a tombstone
    created_at     timestamptz not null
);

grant select, insert, delete on outbox to orders_app;

grant usage on schema public to debezium;
grant select on outbox to debezium;

-- The services delete each row in the transaction that inserts it, so the deletes are of no interest.
create publication order_outbox for table outbox with (publish = 'insert');
