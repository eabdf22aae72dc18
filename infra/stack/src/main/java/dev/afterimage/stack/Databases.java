package dev.afterimage.stack;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Creates what the applications of a {@link SharedStack} and their Debezium connectors need in PostgreSQL. Slots are
 * created before the application starts. So the application's first event is captured even when the connector starts
 * later.
 */
public final class Databases {

    private static final Duration TABLE_LIMIT = Duration.ofSeconds(30);
    private static final Duration READER_LIMIT = Duration.ofSeconds(60);

    private final StackConfig config;

    Databases(StackConfig config) {
        this.config = config;
    }

    private String address() {
        return StackConfig.HOST + ":" + config.postgresPort();
    }

    /** The login of the superuser to a database in the stack's own PostgreSQL. */
    static StackRequest.Login login(String address, StackRequest.Database database) {
        return new StackRequest.Login(
                "jdbc:postgresql://" + address + "/" + database.name(), Postgres.SUPERUSER, Postgres.PASSWORD);
    }

    static String slotState(StackRequest.Login login, String slot) {
        try (Connection connection = open(login)) {
            List<String> found = Postgres.texts(connection, """
                    select concat(case when active then 'active, ' else 'nobody reads it, ' end,
                                  pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)), ' behind')
                    from pg_replication_slots where slot_name = ?""", slot);
            return found.isEmpty() ? "missing" : found.getFirst();
        } catch (SQLException e) {
            return "PostgreSQL does not answer: " + e.getMessage();
        }
    }

    /** The settings that make a connector read a database in the stack's PostgreSQL, whatever address its file has. */
    Map<String, String> debezium(StackRequest.Database database) {
        return Map.of(
                "database.hostname", StackConfig.HOST,
                "database.port", Integer.toString(config.postgresPort()),
                "database.dbname", database.name(),
                "database.user", Postgres.SUPERUSER,
                "database.password", Postgres.PASSWORD);
    }

    /** Creates the roles, the database, the slots and the publications that do not exist yet. */
    synchronized void provide(StackRequest.Database database, List<StackRequest.Connector> connectors) {
        try (Connection connection = DriverManager.getConnection(
                        "jdbc:postgresql://" + address() + "/postgres", Postgres.SUPERUSER, Postgres.PASSWORD);
                Statement sql = connection.createStatement()) {
            for (Map.Entry<String, String> role : database.roles().entrySet()) {
                if (absent(connection, "select 1 from pg_roles where rolname = ?", role.getKey())) {
                    sql.execute("create role %s login password %s"
                            .formatted(
                                    sql.enquoteIdentifier(role.getKey(), true), sql.enquoteLiteral(role.getValue())));
                }
            }
            if (absent(connection, "select 1 from pg_database where datname = ?", database.name())) {
                sql.execute("create database %s owner %s"
                        .formatted(
                                sql.enquoteIdentifier(database.name(), true),
                                sql.enquoteIdentifier(database.owner(), true)));
            }
        } catch (SQLException e) {
            throw new StackException("PostgreSQL cannot create database " + database.name() + ": " + e.getMessage(), e);
        }
        for (StackRequest.Connector connector : connectors) {
            if (connector.outbox() != null) {
                publish(login(address(), database), connector, connector.outbox());
            }
        }
    }

    /**
     * Creates the connector's slot and, if {@code connector.publish()}, its publication. An existing one is left as it
     * is.
     *
     * @param login of a superuser
     * @throws StackException when PostgreSQL refuses
     */
    public static void publish(StackRequest.Login login, StackRequest.Connector connector, StackRequest.Outbox outbox) {
        String slot = slot(connector.config());
        String publication = publication(connector.config());
        try (Connection connection = open(login);
                Statement sql = connection.createStatement()) {
            if (connector.publish()
                    && absent(connection, "select 1 from pg_publication where pubname = ?", publication)) {
                sql.execute("create schema if not exists %s authorization pg_database_owner"
                        .formatted(sql.enquoteIdentifier(outbox.schema(), true)));
                // for the whole schema, because the table does not exist before the application's first start
                sql.execute("create publication %s for tables in schema %s with (publish = 'insert')"
                        .formatted(
                                sql.enquoteIdentifier(publication, true),
                                sql.enquoteIdentifier(outbox.schema(), true)));
            }
            if (absent(connection, "select 1 from pg_replication_slots where slot_name = ?", slot)) {
                sql.execute("select pg_create_logical_replication_slot(%s, 'pgoutput')"
                        .formatted(sql.enquoteLiteral(slot)));
            }
        } catch (SQLException e) {
            throw new StackException(
                    "PostgreSQL cannot create replication slot " + slot + ": " + e.getMessage() + " (it needs"
                            + " wal_level=logical)",
                    e);
        }
    }

    /** Waits until the connector's publication exists, or the table that the connector creates a publication for. */
    void awaitPublication(StackRequest.Login login, Map<String, String> settings, StackRequest.Outbox outbox) {
        boolean disabled = "disabled".equals(settings.get("publication.autocreate.mode"));
        Instant deadline = Instant.now().plus(TABLE_LIMIT);
        while (true) {
            try (Connection connection = open(login)) {
                if (disabled
                        ? !absent(connection, "select 1 from pg_publication where pubname = ?", publication(settings))
                        : !columns(connection, outbox).isEmpty()) {
                    return;
                }
            } catch (SQLException e) {
                if (Instant.now().isAfter(deadline)) {
                    throw new StackException("Cannot read " + login.jdbcUrl() + ": " + e.getMessage(), e);
                }
            }
            // the application may be waiting until its developer repairs a migration
            Server.pause(Duration.ofMillis(Instant.now().isBefore(deadline) ? 100 : 1000));
        }
    }

    /** Waits until the slot is being read. A connector can be RUNNING before that. */
    void awaitReader(StackRequest.Login login, Map<String, String> settings) {
        boolean read = Server.await(READER_LIMIT, Duration.ofMillis(50), () -> {
            try (Connection connection = open(login)) {
                return !absent(
                        connection,
                        "select 1 from pg_replication_slots where active and slot_name = ?",
                        slot(settings));
            } catch (SQLException e) {
                return false;
            }
        });
        if (!read) {
            throw new StackException("Nobody reads the replication slot " + slot(settings) + " after "
                    + READER_LIMIT.toSeconds() + " s; see connect.log in the folder of the dev services.");
        }
    }

    /** Returns the difference between the outbox table and the application's configuration, as one sentence. */
    Optional<String> compare(StackRequest.Login login, StackRequest.Outbox outbox) {
        String table = outbox.schema() + "." + outbox.table();
        if (!Server.await(TABLE_LIMIT, Duration.ofMillis(200), () -> !present(login, outbox)
                .isEmpty())) {
            return Optional.of("There is no outbox table " + table + " after " + TABLE_LIMIT.toSeconds()
                    + " s: make it by a migration, or set its name by quarkus.debezium-outbox.table-name.");
        }
        List<String> present = present(login, outbox);
        return outbox.columns().stream()
                .filter(column -> !present.contains(column))
                .findFirst()
                .map(column -> "The outbox table " + table + " has no column " + column + ", but "
                        + String.join(", ", present)
                        + ": alter the table, or set the column's name by quarkus.debezium-outbox.*.name.");
    }

    /** The columns of the outbox table; none as long as there is no table, or no database. */
    private static List<String> present(StackRequest.Login login, StackRequest.Outbox outbox) {
        try (Connection connection = open(login)) {
            return columns(connection, outbox);
        } catch (SQLException e) {
            return List.of();
        }
    }

    private static List<String> columns(Connection connection, StackRequest.Outbox outbox) throws SQLException {
        return Postgres.texts(
                connection,
                "select column_name from information_schema.columns where table_schema = ? and table_name = ? order by 1",
                outbox.schema(),
                outbox.table());
    }

    private static Connection open(StackRequest.Login login) throws SQLException {
        return DriverManager.getConnection(login.jdbcUrl(), login.user(), login.password());
    }

    private static String slot(Map<String, String> settings) {
        return settings.getOrDefault("slot.name", "debezium");
    }

    private static String publication(Map<String, String> settings) {
        return settings.getOrDefault("publication.name", "dbz_publication");
    }

    private static boolean absent(Connection connection, String query, String name) throws SQLException {
        return Postgres.texts(connection, query, name).isEmpty();
    }
}
