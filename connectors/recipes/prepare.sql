-- Prepares the source database for the recipes. Its owner runs this once, before the first recipe is applied.

-- so that a delete or an update has the whole old row, not only its key
alter table customers replica identity full;
alter table products replica identity full;
alter table orders replica identity full;

-- for incremental-snapshot: an insert here starts a snapshot, and Debezium writes its watermarks here
create table recipe_signals (
    id   text primary key,
    type text not null,
    data text
);

grant usage on schema public to debezium_tables;
grant select on customers, products, orders to debezium_tables;
grant select, insert, delete on recipe_signals to debezium_tables;

create publication recipes for table customers, products, orders, recipe_signals;
create publication recipes_outbox for table outbox with (publish = 'insert');
