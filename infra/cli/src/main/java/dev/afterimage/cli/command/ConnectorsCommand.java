package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.service.AnyPostgres;
import dev.afterimage.cli.terminal.Prompt;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.ConnectorStatus;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** Controls the connectors of Kafka Connect; without a subcommand it lists them. */
@Command(
        name = "connectors",
        description = "Lists, sets up and controls the connectors of Kafka Connect.",
        subcommands = {SetUpCommand.class, ResetCommand.class})
public final class ConnectorsCommand extends PipelineCommand {

    @Option(names = "--json", scope = ScopeType.INHERIT, description = "JSON instead of a table or a sentence")
    private boolean json;

    @Override
    public Integer call() {
        list();
        return 0;
    }

    boolean json() {
        return json;
    }

    @Command(name = "list", description = "Lists all connectors with their tasks and failures.")
    void list() {
        try (Screen screen = screen()) {
            List<ConnectorStatus> connectors = ports.connectors().all();
            if (json) {
                screen.json(connectors);
            } else {
                table(screen, connectors);
            }
        }
    }

    private static void table(Screen screen, List<ConnectorStatus> connectors) {
        screen.table(
                List.of("connector", "type", "state", "tasks", "failure"),
                connectors,
                each -> List.of(
                        each.name(),
                        each.type(),
                        each.state(),
                        String.join(" ", each.tasks()),
                        each.failure().orElse("")));
    }

    @Command(
            name = "status",
            description = "Shows one connector, with the full stack trace of a failure. Exit code 1 if it has failed.")
    int status(@Parameters(paramLabel = "NAME") String name) {
        try (Screen screen = screen()) {
            Connectors connectors = ports.connectors();
            ConnectorStatus status = connectors.status(name).orElseThrow(() -> connectors.unknown(name));
            if (json) {
                screen.json(status);
            } else {
                table(screen, List.of(status));
                status.trace().map(Screen::visibleLines).ifPresent(screen.out()::println);
            }
            return status.failed() ? 1 : 0;
        }
    }

    @Command(
            name = "apply",
            description = "Creates or changes connectors, named like their files, and waits until they run.")
    void apply(@Parameters(arity = "1..*", paramLabel = "FILE") List<Path> files) {
        for (Path file : files) {
            ports.connectors().apply(file);
            tell(Connectors.name(file), "runs");
        }
    }

    @Command(
            name = "validate",
            description = "Prints the errors of configurations, setting by setting. Exit code 1 if there is one.")
    int validate(@Parameters(arity = "1..*", paramLabel = "FILE") List<Path> files) {
        boolean wrong = false;
        try (Screen screen = screen()) {
            for (Path file : files) {
                String name = Connectors.name(file);
                List<String> errors = ports.connectors().validate(file);
                wrong |= !errors.isEmpty();
                if (json) {
                    screen.json(Map.of("connector", name, "errors", errors));
                } else if (errors.isEmpty()) {
                    screen.out().println(name + " is valid.");
                } else {
                    errors.forEach(error -> screen.out().println(Screen.visible(name + ": " + error)));
                }
            }
        }
        return wrong ? 1 : 0;
    }

    @Command(name = "restart", description = "Restarts a connector and its tasks and waits until they run.")
    void restart(@Parameters(paramLabel = "NAME") String name) {
        ports.connectors().restart(name);
        tell(name, "runs again");
    }

    @Command(
            name = "pause",
            description = "Pauses a connector; its offsets stay, and its replication slot retains the log meanwhile.")
    void pause(@Parameters(paramLabel = "NAME") String name) {
        ports.connectors().pause(name);
        tell(name, "is paused");
    }

    @Command(
            name = "stop",
            description = "Stops a connector and ends its tasks; its offsets and its replication slot stay.")
    void stop(@Parameters(paramLabel = "NAME") String name) {
        ports.connectors().stop(name);
        tell(name, "is stopped");
    }

    @Command(name = "resume", description = "Resumes a paused or stopped connector.")
    void resume(@Parameters(paramLabel = "NAME") String name) {
        ports.connectors().resume(name);
        tell(name, "is resumed");
    }

    @Command(
            name = "delete",
            description =
                    "Deletes a connector. Asks at a terminal whether to drop its replication slot, its offsets and the"
                            + " publication that setup made, and says what stays.")
    int delete(
            @Parameters(paramLabel = "NAME") String name,
            @Option(names = "--drop", description = "drop them without asking") boolean drop,
            @Option(
                            names = "--topics",
                            description = "also delete the topics that it wrote and no other connector uses, with all"
                                    + " their records")
                    boolean topics)
            throws SQLException, ExecutionException, InterruptedException {
        Connectors connectors = ports.connectors();
        JsonNode config = connectors.config(name);
        boolean source = config.has("topic.prefix");
        String slot = config.path("slot.name").asText();
        String publication = config.path("publication.name").asText();
        try (Screen screen = screen()) {
            boolean drops = source
                    && (drop
                            || (screen.live()
                                    && new Prompt(screen)
                                            .confirm("Drop its replication slot " + slot
                                                    + ", its offsets and, if setup made it," + " publication "
                                                    + publication + "?")));
            Set<String> written = source ? topicsOfItsOwn(connectors, name) : Set.of();
            AnyPostgres database = AnyPostgres.of(config, ports);
            if (drops) {
                connectors.stop(name);
                if (!slot.isEmpty()) {
                    drop(database, slot, publication, screen);
                }
                connectors.forgetOffsets(name);
            }
            connectors.delete(name);
            tell(name, "is deleted");
            String names = String.join(", ", written);
            if (topics && !written.isEmpty()) {
                deleteTopics(written);
                screen.err().println("Deleted topics " + names + ".");
            } else if (!written.isEmpty()) {
                screen.err().println("These topics stay: " + names + ".");
            }
            if (!slot.isEmpty() && !drops) {
                screen.err()
                        .printf(
                                "Its offsets stay, and replication slot %s, for which PostgreSQL keeps the log. To drop"
                                        + " it in database %s: select pg_drop_replication_slot('%1$s')%n"
                                        + "Publication %s stays too, which costs nothing: drop publication %3$s%n",
                                slot, database.database(), publication);
            }
            return 0;
        } catch (Prompt.Left e) {
            err().println("Nothing was done.");
            return e.exitCode();
        }
    }

    private static Set<String> topicsOfItsOwn(Connectors connectors, String name) {
        Set<String> topics = connectors.topics(name);
        connectors.names().stream()
                .filter(other -> !other.equals(name))
                .map(connectors::topics)
                .forEach(topics::removeAll);
        return topics;
    }

    private void deleteTopics(Set<String> topics) throws ExecutionException, InterruptedException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", ports.bootstrapServers()))) {
            admin.deleteTopics(topics).all().get();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                throw e;
            }
            // somebody deleted it before
        }
    }

    private static void drop(AnyPostgres source, String slot, String publication, Screen screen) throws SQLException {
        try (Connection connection = source.connect();
                Statement statement = connection.createStatement()) {
            // the walsender still runs for a moment
            Server.await(Duration.ofSeconds(30), Duration.ofMillis(200), () -> read(connection, slot)
                    .isEmpty());
            boolean made = !Postgres.texts(
                            connection,
                            "select 1 from pg_publication where pubname = ? and obj_description(oid, 'pg_publication') = ?",
                            publication,
                            SetUpCommand.MADE_HERE)
                    .isEmpty();
            Postgres.texts(
                    connection,
                    "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = ?",
                    slot);
            if (made) {
                statement.execute("drop publication " + AnyPostgres.quoted(publication));
            }
            screen.err()
                    .println("Dropped replication slot " + slot
                            + (made ? " and publication " + publication : "; publication " + publication + " stays")
                            + ".");
        }
    }

    private static List<String> read(Connection connection, String slot) {
        try {
            return Postgres.texts(
                    connection, "select slot_name from pg_replication_slots where slot_name = ? and active", slot);
        } catch (SQLException e) {
            throw new StackException("PostgreSQL: " + e.getMessage(), e);
        }
    }

    @Command(
            name = "offsets",
            description = "Shows the position of a connector: of a source in the log, of a sink its Kafka offsets.")
    void offsets(@Parameters(paramLabel = "NAME") String name) {
        try (Screen screen = screen()) {
            JsonNode offsets = ports.connectors().offsets(name);
            if (json) {
                screen.json(offsets);
                return;
            }
            screen.table(
                    List.of("partition", "offset"),
                    offsets.path("offsets").valueStream().toList(),
                    each -> List.of(
                            each.path("partition").toString(),
                            each.path("offset").toString()));
        }
    }

    private void tell(String connector, String what) {
        try (Screen screen = screen()) {
            if (json) {
                screen.json(Map.of("connector", connector, "done", what));
            } else {
                screen.out().println("Connector " + connector + " " + what + ".");
            }
        }
    }
}
