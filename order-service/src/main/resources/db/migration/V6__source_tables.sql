-- The tables are captured too, row by row, for the replica and the log of row changes; Debezium reads them as a role that sees nothing else.

-- each change with the whole row as it was before
alter table customers replica identity full;
alter table products replica identity full;
alter table orders replica identity full;
alter table order_items replica identity full;

grant usage on schema public to debezium_tables;
grant select on customers, products, orders, order_items to debezium_tables;

create publication source_tables for table customers, products, orders, order_items
    with (publish = 'insert, update, delete');
