-- What the recipes need of the source database, run once by its owner before the first is applied.

-- a delete or an update comes with the whole row as it was, not with its key alone
alter table customers replica identity full;
alter table products replica identity full;
alter table orders replica identity full;

-- incremental-snapshot: an insert here starts one, and Debezium marks here which stretch of the log it reads along with
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
