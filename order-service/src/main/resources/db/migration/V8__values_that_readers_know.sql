-- PostgreSQL knows values that JSON, Java and the contract do not: NaN, which is above every number, infinite times, and years beyond 9999.

alter table customers
    add constraint customers_times_check check (
        created_at >= '0001-01-01 00:00:00Z' and created_at < '10000-01-01 00:00:00Z'
        and updated_at >= '0001-01-01 00:00:00Z' and updated_at < '10000-01-01 00:00:00Z');

alter table products
    add constraint products_price_number_check check (price <> 'NaN'),
    add constraint products_times_check check (
        created_at >= '0001-01-01 00:00:00Z' and created_at < '10000-01-01 00:00:00Z'
        and updated_at >= '0001-01-01 00:00:00Z' and updated_at < '10000-01-01 00:00:00Z');

alter table orders
    add constraint orders_total_number_check check (total <> 'NaN'),
    add constraint orders_times_check check (
        created_at >= '0001-01-01 00:00:00Z' and created_at < '10000-01-01 00:00:00Z'
        and updated_at >= '0001-01-01 00:00:00Z' and updated_at < '10000-01-01 00:00:00Z');

-- NaN equals NaN, so that line_total = quantity * unit_price holds for it; a list is read into memory up to its highest position
alter table order_items
    add constraint order_items_prices_number_check check (unit_price <> 'NaN' and line_total <> 'NaN'),
    add constraint order_items_position_limit_check check (position < 100);

alter table snapshots
    add constraint snapshots_times_check check (
        started_at >= '0001-01-01 00:00:00Z' and started_at < '10000-01-01 00:00:00Z'
        and updated_at >= '0001-01-01 00:00:00Z' and updated_at < '10000-01-01 00:00:00Z'
        and (finished_at is null
             or finished_at >= '0001-01-01 00:00:00Z' and finished_at < '10000-01-01 00:00:00Z'));
