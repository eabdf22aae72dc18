-- Who compares the followers with the source reads its tables, and nothing else.

grant usage on schema public to auditor;
grant select on customers, products, orders, order_items to auditor;
