-- The roles and their rights. On a laptop the password of each role is its name; elsewhere the operator sets the passwords.
-- The migrations of the service that owns a table grant the rights on it.
do $$
declare
  wanted record;
begin
  for wanted in
    select *
    from (values
      ('orders_owner', ''),          -- owns database orders, runs its migrations, makes the publication
      ('orders_app', ''),            -- the order-service at work: rows only
      ('debezium', 'replication'),   -- reads the log, and of the tables only the outbox
      ('debezium_tables', 'replication'), -- reads the log, and of the tables the four of the shop
      ('projection', ''),            -- owns database projection
      ('auditor', ''),               -- reads the tables of orders and replica to compare them
      ('replica', '')                -- owns database replica, writes there as the sink
    ) as role (name, attributes)
  loop
    if not exists (select from pg_roles where rolname = wanted.name) then
      execute format('create role %I login %s password %L', wanted.name, wanted.attributes, wanted.name);
    end if;
  end loop;
end
$$
