-- What SQL users ask of the read model in one line, and counts that need not read the whole log.

-- Unqualified inside the views' text, as in the service's own SQL: a rebuild makes them anew over the tables of another schema.
set local search_path = cdc_processed;

-- Found by what their source keeps unique; not unique here, where the one who takes over a name may arrive first.
create index customers_by_email on customers (lower(email), created_at desc, id desc);
create index products_by_sku on products (sku, created_at desc, id desc);

-- A customer has a topic of its own: its columns are null until it has arrived.
create view order_overview as
select o.id, o.status, o.currency, o.total,
       (select count(*) from order_items i where i.order_id = o.id) as items,
       o.customer_id, c.name as customer_name, c.email as customer_email,
       o.created_at, o.updated_at, o.version, o.cdc_operation, o.cdc_timestamp, o.synced_at
  from orders o
  left join customers c on c.id = o.customer_id;

create view analytics_summary as
select status, currency, count(*) as orders, count(distinct customer_id) as customers, sum(total) as revenue,
       round(avg(total), 2) as average_total, min(created_at) as first_order, max(created_at) as last_order,
       max(cdc_timestamp) as last_change, max(synced_at) as last_synced
  from orders
 group by status, currency;

-- What the log was given since its beginning, also of days that retention has dropped: a row a partition and operation, moved
-- with every batch in its own transaction. Keyed as the positions are, whose lock that transaction holds, so that instances
-- do not wait for each other here.
create table cdc_raw.statistics (
    kafka_topic     text        not null,
    kafka_partition int         not null,
    source_table    text        not null,
    operation       text        not null,
    events          bigint      not null check (events >= 1),
    first_event     timestamptz not null,
    last_event      timestamptz not null,
    last_processed  timestamptz not null,
    primary key (kafka_topic, kafka_partition, source_table, operation)
) with (fillfactor = 10);

insert into cdc_raw.statistics
select kafka_topic, kafka_partition, source_table, operation, count(*), min(event_timestamp), max(event_timestamp),
       max(processed_at)
  from cdc_raw.cdc_events
 group by kafka_topic, kafka_partition, source_table, operation;

create or replace view cdc_raw.cdc_statistics as
select source_table, operation, sum(events)::bigint as events, min(first_event) as first_event,
       max(last_event) as last_event, max(last_processed) as last_processed
  from cdc_raw.statistics
 group by source_table, operation;
