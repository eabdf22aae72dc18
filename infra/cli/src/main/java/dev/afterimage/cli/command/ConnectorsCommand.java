package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.ConnectorStatus;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.StackException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
            show(screen, ports.connectors().all());
        }
    }

    private void show(Screen screen, List<ConnectorStatus> connectors) {
        if (json) {
            screen.json(connectors);
            return;
        }
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
            ConnectorStatus status = ports.connectors()
                    .status(name)
                    .orElseThrow(() -> new StackException("There is no connector " + name + "."));
            show(screen, List.of(status));
            if (!json) {
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

    @Command(name = "resume", description = "Resumes a paused connector.")
    void resume(@Parameters(paramLabel = "NAME") String name) {
        ports.connectors().resume(name);
        tell(name, "is resumed");
    }

    @Command(
            name = "delete",
            description = "Deletes a connector's configuration; its offsets and its replication slot stay.")
    void delete(@Parameters(paramLabel = "NAME") String name) {
        ports.connectors().delete(name);
        tell(name, "is deleted");
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
