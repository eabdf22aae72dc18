-- PostgreSQL knows values that JSON, Java and the contract do not: NaN, which is above every number, infinite times, and years beyond 9999.

alter table cdc_processed.orders
    add constraint orders_total_number_check check (total <> 'NaN'),
    add constraint orders_times_check check (
        created_at >= '0001-01-01 00:00:00Z' and created_at < '10000-01-01 00:00:00Z'
        and updated_at >= '0001-01-01 00:00:00Z' and updated_at < '10000-01-01 00:00:00Z');

alter table cdc_processed.order_items
    add constraint order_items_prices_number_check check (unit_price <> 'NaN' and line_total <> 'NaN');

alter table cdc_processed.customers
    add constraint customers_times_check check (
        created_at >= '0001-01-01 00:00:00Z' and created_at < '10000-01-01 00:00:00Z'
        and updated_at >= '0001-01-01 00:00:00Z' and updated_at < '10000-01-01 00:00:00Z');

alter table cdc_processed.products
    add constraint products_price_number_check check (price <> 'NaN'),
    add constraint products_times_check check (
        created_at >= '0001-01-01 00:00:00Z' and created_at < '10000-01-01 00:00:00Z'
        and updated_at >= '0001-01-01 00:00:00Z' and updated_at < '10000-01-01 00:00:00Z');
