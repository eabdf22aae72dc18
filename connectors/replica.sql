-- The replica's tables, for Debezium's JDBC sink. Their owner may run this any number of times.
--
-- The sink could create the tables itself, but not with decimal columns: decimals are sent as text, so that no reader
-- rounds them. The types are those of the source without length limits, and only the key is not null, so that events of
-- an older or newer schema can be stored. There are no foreign keys, because the tables are filled independently.

create table if not exists customers (
    id              uuid primary key,
    name            text,
    email           text,
    created_at      timestamptz,
    updated_at      timestamptz,
    version         bigint,
    __cdc_operation text,
    __cdc_timestamp timestamptz,
    __synced_at     timestamptz
);

create table if not exists products (
    id              uuid primary key,
    sku             text,
    name            text,
    price           numeric,
    created_at      timestamptz,
    updated_at      timestamptz,
    version         bigint,
    __cdc_operation text,
    __cdc_timestamp timestamptz,
    __synced_at     timestamptz
);

create table if not exists orders (
    id              uuid primary key,
    customer_id     uuid,
    status          text,
    currency        text,
    total           numeric,
    created_at      timestamptz,
    updated_at      timestamptz,
    version         bigint,
    __cdc_operation text,
    __cdc_timestamp timestamptz,
    __synced_at     timestamptz
);

create table if not exists order_items (
    order_id        uuid,
    position        integer,
    product_id      uuid,
    quantity        integer,
    unit_price      numeric,
    line_total      numeric,
    __cdc_operation text,
    __cdc_timestamp timestamptz,
    __synced_at     timestamptz,
    primary key (order_id, position)
);

-- The sink writes when a row changed at the source; the time of arrival is known only to this database.
create or replace function synced() returns trigger language plpgsql as
$$ begin new.__synced_at := clock_timestamp(); return new; end $$;

create or replace trigger synced before insert or update on customers for each row execute function synced();
create or replace trigger synced before insert or update on products for each row execute function synced();
create or replace trigger synced before insert or update on orders for each row execute function synced();
create or replace trigger synced before insert or update on order_items for each row execute function synced();

create or replace view sync_summary as
select table_name,
       count(*)                                      as rows,
       count(*) filter (where __cdc_operation = 'r') as from_snapshot,
       count(*) filter (where __cdc_operation = 'c') as created,
       count(*) filter (where __cdc_operation = 'u') as updated,
       max(__cdc_timestamp)                          as last_change_at,
       max(__synced_at)                              as last_synced_at,
       (array_agg(__synced_at - __cdc_timestamp order by __cdc_timestamp desc))[1] as lag
from (
    select 'customers' as table_name, __cdc_operation, __cdc_timestamp, __synced_at from customers
    union all
    select 'products', __cdc_operation, __cdc_timestamp, __synced_at from products
    union all
    select 'orders', __cdc_operation, __cdc_timestamp, __synced_at from orders
    union all
    select 'order_items', __cdc_operation, __cdc_timestamp, __synced_at from order_items
) as replicated
group by table_name
order by table_name;

-- After a new snapshot: deletes the rows that the snapshot did not have, because the source has deleted them, and returns
-- their number. It skips locked rows, which are being written or deleted, so that it cannot deadlock with the sink.
create or replace function delete_unseen_since(snapshot timestamptz) returns bigint language sql as
$$
with gone_customers as (
         delete from customers where id in
                (select id from customers where __synced_at < snapshot for update skip locked) returning 1),
     gone_products as (
         delete from products where id in
                (select id from products where __synced_at < snapshot for update skip locked) returning 1),
     gone_orders as (
         delete from orders where id in
                (select id from orders where __synced_at < snapshot for update skip locked) returning 1),
     gone_items as (
         delete from order_items where (order_id, position) in
                (select order_id, position from order_items where __synced_at < snapshot for update skip locked) returning 1)
select count(*)
from (select from gone_customers union all select from gone_products union all select from gone_orders
      union all select from gone_items) as all_gone
$$;

-- the role that compares source, read model and replica
grant select on all tables in schema public to auditor;
alter default privileges in schema public grant select on tables to auditor;
