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
