package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.afterimage.cli.service.AnyPostgres;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Captures tables of any PostgreSQL in one command: creates what is missing and does not change what exists. */
@Command(
        name = "setup",
        description = {
            "Captures tables of any PostgreSQL (PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGSCHEMA, .env): makes"
                    + " the tables, the publication and the connector if missing; waits until changes are captured.",
            "A new table has the given name and three users in it. The topics are NAME.schema.table.",
            "Kafka Connect stores the password in its configuration: beyond a trial, use a file with a secret instead."
        })
public final class SetUpCommand implements Callable<Integer> {

    /** The comment of a publication that was made here, so that {@code connectors delete} may drop it. */
    static final String MADE_HERE = "made by afterimage connectors setup";

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @Parameters(paramLabel = "NAME", description = "name of connector, slot and publication, prefix of the topics")
    private String name = "";

    @Option(names = "--table", split = ",", paramLabel = "TABLE", description = "tables to capture (users)")
    private List<String> tables = List.of("users");

    /** What to do with the replica identity of existing tables. */
    enum ReplicaIdentity {
        full,
        keep
    }

    @Option(
            names = "--replica-identity",
            paramLabel = "full|keep",
            description = {
                "for an existing table without replica identity full:",
                "full: set it, so that the log has the whole old row (more WAL);",
                "keep: the key is enough, events have no row before the change"
            })
    private @Nullable ReplicaIdentity identity;

    @Option(names = "--create-database", description = "create the database if it does not exist")
    private boolean createDatabase;

    @Mixin
    private AnyPostgres postgres = new AnyPostgres();

    @ParentCommand
    private @Nullable ConnectorsCommand parent;

    @Override
    public Integer call() throws SQLException {
        ConnectorsCommand all = Objects.requireNonNull(parent);
        if (!name.matches("[a-z][a-z0-9_]{0,40}")) {
            throw all.wrong("'" + name + "' is not a name for a slot: use lower case letters, digits and _");
        }
        if (createDatabase) {
            postgres.createDatabase();
        }
        Connectors connect = all.ports.connectors();
        connect.names(); // fails if Connect does not answer, before anything is created
        try (Screen screen = all.screen();
                Connection connection = postgres.connect()) {
            identify(connection);
            for (String table : tables) {
                if (makeTable(connection, table)) {
                    screen.err().println("Made table " + postgres.schema() + "." + table + " with three users in it.");
                }
            }
            publish(connection);
            connect.apply(name, config());
            awaitReader(connection);
            List<String> topics = names(name + "." + postgres.schema() + ".");
            if (all.json()) {
                screen.json(Map.of("connector", name, "topics", topics));
            } else {
                screen.out().println("Connector " + name + " runs and reads its slot. See the changes:");
                screen.out()
                        .println("  infra/afterimage watch " + String.join(" ", topics) + " --from-beginning"
                                + all.ports.homeOption());
            }
            return 0;
        }
    }

    private List<String> names(String prefix) {
        return tables.stream().map(prefix::concat).toList();
    }

    private String qualified(String table) {
        return AnyPostgres.quoted(postgres.schema()) + "." + AnyPostgres.quoted(table);
    }

    /**
     * Sets the replica identity of existing tables as chosen. Without a key or {@code full}, PostgreSQL refuses each
     * update and delete on a published table, so such a table is refused before anything is changed.
     */
    private void identify(Connection connection) throws SQLException {
        List<String> wanting = new ArrayList<>();
        for (String table : tables) {
            List<String> key = Postgres.texts(connection, """
                    select case when c.relreplident = 'd' and exists (select from pg_index i
                             where i.indrelid = c.oid and i.indisprimary) then 'key' else 'none' end
                      from pg_class c join pg_namespace n on n.oid = c.relnamespace
                     where n.nspname = ? and c.relname = ? and c.relkind in ('r', 'p') and c.relreplident not in ('f', 'i')""", postgres.schema(), table);
            if (key.isEmpty() || (identity == ReplicaIdentity.keep && key.contains("key"))) {
                continue;
            }
            if (identity != ReplicaIdentity.full) {
                throw new StackException("Nothing was done. "
                        + (key.contains("key")
                                        ? "Table %s has a key, but no replica identity full: updates and deletes would come without"
                                                + " the row before. Add --replica-identity full, or --replica-identity keep to"
                                                + " do without it."
                                        : "Table %s has no primary key as its replica identity: once it is published, PostgreSQL"
                                                + " refuses its updates and deletes. Give it a primary key (alter table %s add"
                                                + " primary key …), or add --replica-identity full.")
                                .replace("%s", postgres.schema() + "." + table));
            }
            wanting.add(table);
        }
        for (String table : wanting) {
            execute(connection, "alter table " + qualified(table) + " replica identity full");
        }
    }

    private boolean makeTable(Connection connection, String table) throws SQLException {
        if (exists(
                connection,
                "select 1 from pg_tables where schemaname = ? and tablename = ?",
                postgres.schema(),
                table)) {
            return false;
        }
        execute(connection, "create schema if not exists " + AnyPostgres.quoted(postgres.schema()));
        execute(connection, """
                create table %s (id integer generated by default as identity primary key, name text not null,
                  email text not null, created_at timestamptz not null default now())""".formatted(qualified(table)));
        // so that the log has the whole old row, and updates and deletes have a before image
        execute(connection, "alter table " + qualified(table) + " replica identity full");
        execute(
                connection,
                "insert into %s (name, email) values ('Ada Lovelace', 'ada@example.com'),".formatted(qualified(table))
                        + " ('Grace Hopper', 'grace@example.com'), ('Alan Turing', 'alan@example.com')");
        return true;
    }

    private void publish(Connection connection) throws SQLException {
        if (!exists(connection, "select 1 from pg_publication where pubname = ?", name)) {
            execute(
                    connection,
                    tables.stream()
                            .map(this::qualified)
                            .collect(Collectors.joining(
                                    ", ", "create publication " + AnyPostgres.quoted(name) + " for table ", "")));
            execute(connection, "comment on publication " + AnyPostgres.quoted(name) + " is '" + MADE_HERE + "'");
            return;
        }
        for (String table : tables) {
            if (!exists(
                    connection,
                    "select 1 from pg_publication_tables where pubname = ? and schemaname = ? and tablename = ?",
                    name,
                    postgres.schema(),
                    table)) {
                execute(connection, "alter publication " + AnyPostgres.quoted(name) + " add table " + qualified(table));
            }
        }
    }

    private ObjectNode config() {
        try (InputStream template = Objects.requireNonNull(getClass().getResourceAsStream("tables.json"))) {
            ObjectNode config = (ObjectNode) new ObjectMapper().readTree(template);
            return config.put("database.hostname", postgres.host())
                    .put("database.port", postgres.port())
                    .put("database.dbname", postgres.database())
                    .put("database.user", postgres.user())
                    .put("database.password", postgres.password())
                    .put("topic.prefix", name)
                    .put("slot.name", name)
                    .put("publication.name", name)
                    .put("table.include.list", String.join(",", names(postgres.schema() + ".")));
        } catch (IOException e) {
            throw new StackException("The connector's template cannot be read.", e);
        }
    }

    /** Waits until the slot is being read, because a connector is RUNNING before that. */
    private void awaitReader(Connection connection) throws SQLException {
        Instant deadline = Instant.now().plus(LIMIT);
        while (!exists(connection, "select slot_name from pg_replication_slots where slot_name = ? and active", name)) {
            if (Instant.now().isAfter(deadline)) {
                throw new StackException("Connector " + name + " runs, but does not read its slot after "
                        + LIMIT.toSeconds() + " s: infra/afterimage connectors status " + name);
            }
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
        }
    }

    private static boolean exists(Connection connection, String sql, String... parameters) throws SQLException {
        return !Postgres.texts(connection, sql, parameters).isEmpty();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
