-- The read model of orders, what is remembered of deleted ones, and how far each partition has been applied.

create schema cdc_raw;
create schema cdc_processed;

-- Moves in the transaction that applies the records, so it is always exact; Kafka's own offsets only follow it.
-- One row a partition, rewritten with every batch: the room left in its page keeps those rewrites in place.
create table cdc_raw.positions (
    topic       text   not null,
    partition   int    not null check (partition >= 0),
    next_offset bigint not null check (next_offset >= 0),
    primary key (topic, partition)
) with (fillfactor = 10);

create table cdc_processed.orders (
    id            uuid primary key,
    customer_id   uuid           not null,
    status        text           not null check (status in ('PENDING', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED')),
    currency      text           not null check (currency ~ '^[A-Z]{3}$'),
    total         numeric(19, 2) not null check (total >= 0),
    created_at    timestamptz    not null,
    updated_at    timestamptz    not null,
    version       bigint         not null check (version >= 1),
    cdc_operation text           not null check (cdc_operation in ('c', 'u', 'r')),
    cdc_timestamp timestamptz    not null,
    synced_at     timestamptz    not null
);

-- No foreign key: order and items are always written and deleted by the same statement, and the check would be paid per item.
create table cdc_processed.order_items (
    order_id      uuid           not null,
    line_no       int            not null check (line_no >= 1),
    product_id    uuid           not null,
    quantity      int            not null check (quantity >= 1),
    unit_price    numeric(19, 2) not null check (unit_price >= 0),
    line_total    numeric(19, 2) not null check (line_total >= 0),
    cdc_operation text           not null check (cdc_operation in ('c', 'u', 'r')),
    cdc_timestamp timestamptz    not null,
    synced_at     timestamptz    not null,
    primary key (order_id, line_no)
);

-- Kept for good: without the version of the delete, a late or replayed event would bring the row back.
create table cdc_processed.deletions (
    aggregate     text        not null,
    id            uuid        not null,
    version       bigint      not null check (version >= 1),
    cdc_timestamp timestamptz, -- null when a tombstone alone deleted the row: it carries no time
    synced_at     timestamptz not null,
    primary key (aggregate, id)
);

-- The three lists that are asked for, each newest first.
create index orders_newest on cdc_processed.orders (created_at desc, id desc);
create index orders_newest_by_customer on cdc_processed.orders (customer_id, created_at desc, id desc);
create index orders_newest_by_status on cdc_processed.orders (status, created_at desc, id desc);
