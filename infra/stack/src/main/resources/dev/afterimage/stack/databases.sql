-- Who may connect, beside the owners; the migrations grant the further rights.
revoke all on database orders, projection, replica from public;
grant connect on database orders to orders_app, debezium, debezium_tables, auditor;
grant connect on database replica to auditor;
