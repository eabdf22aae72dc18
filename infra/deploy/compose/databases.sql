-- The databases with their owners, and the roles that may connect; after roles.sql. The migrations grant the further rights.

create database orders owner orders_owner;
revoke all on database orders from public;
grant connect on database orders to orders_app, debezium, debezium_tables, auditor;

create database projection owner projection;
revoke all on database projection from public;

create database replica owner replica;
revoke all on database replica from public;
grant connect on database replica to auditor;
