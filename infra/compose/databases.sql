-- The databases, whom each belongs to and who else may connect; after roles.sql. The migrations say what they may do there.

create database orders owner orders_owner;
revoke all on database orders from public;
grant connect on database orders to orders_app, debezium, debezium_tables, auditor;

create database projection owner projection;
revoke all on database projection from public;

create database replica owner replica;
revoke all on database replica from public;
grant connect on database replica to auditor;
