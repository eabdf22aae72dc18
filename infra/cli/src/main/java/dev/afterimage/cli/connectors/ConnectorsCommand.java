package dev.afterimage.cli.connectors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.cli.Ports;
import dev.afterimage.cli.connectors.ConnectApi.State;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** Steers the connectors of Kafka Connect; alone it lists them. */
@Command(
        name = "connectors",
        description = "Lists, sets up and steers the connectors of Kafka Connect.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "[COMMAND]",
        subcommands = SetUpTables.class)
public final class ConnectorsCommand implements Runnable {

    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(names = "--json", scope = ScopeType.INHERIT, description = "JSON instead of a table or a sentence")
    private boolean json;

    @Mixin
    private Ports ports = new Ports();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        list(ports);
    }

    boolean json() {
        return json;
    }

    private Screen screen() {
        return Screen.of(spec);
    }

    @Command(
            name = "list",
            description = "All connectors, their tasks and what failed.",
            mixinStandardHelpOptions = true)
    void list(@Mixin Ports at) {
        try (Screen screen = screen()) {
            show(screen, new ConnectApi(at).all());
        }
    }

    private void show(Screen screen, List<State> states) {
        if (json) {
            screen.json(states);
            return;
        }
        screen.table(
                List.of("connector", "type", "state", "tasks", "failure"),
                states.stream()
                        .map(state -> List.of(
                                state.name(),
                                state.type(),
                                state.state(),
                                String.join(" ", state.tasks()),
                                Objects.toString(state.failure(), "")))
                        .toList());
    }

    @Command(
            name = "status",
            description = "One connector with the whole trace of a failure. Exit code 1 when something failed.",
            mixinStandardHelpOptions = true)
    int status(@Mixin Ports at, @Parameters(paramLabel = "NAME") String name) {
        try (Screen screen = screen()) {
            ConnectApi connect = new ConnectApi(at);
            JsonNode status = connect.status(name);
            if (json) {
                screen.json(status);
            } else {
                show(screen, List.of(State.of(status)));
                status.findValuesAsText("trace").forEach(screen.out()::println);
            }
            return State.of(status).failure() == null ? 0 : 1;
        }
    }

    @Command(
            name = "apply",
            description =
                    "Creates or changes connectors from files, each called as its file, and waits until they run.",
            mixinStandardHelpOptions = true)
    void apply(@Mixin Ports at, @Parameters(arity = "1..*", paramLabel = "FILE") List<Path> files) {
        try (Screen screen = screen()) {
            ConnectApi connect = new ConnectApi(at);
            for (Path file : files) {
                connect.put(name(file), read(file));
                State state = connect.await(name(file), "RUNNING");
                say(screen, state, "Connector " + state.name() + " runs.");
            }
        }
    }

    @Command(
            name = "validate",
            description = "Says what is wrong with configurations, setting by setting. Exit code 1 when something is.",
            mixinStandardHelpOptions = true)
    int validate(@Mixin Ports at, @Parameters(arity = "1..*", paramLabel = "FILE") List<Path> files) {
        boolean wrong = false;
        try (Screen screen = screen()) {
            for (Path file : files) {
                Map<String, List<String>> errors = new ConnectApi(at).validate(name(file), read(file));
                wrong |= !errors.isEmpty();
                if (json) {
                    screen.json(Map.of("connector", name(file), "errors", errors));
                } else if (errors.isEmpty()) {
                    screen.out().println(name(file) + " is valid.");
                } else {
                    errors.forEach((setting, reasons) ->
                            screen.out().println(name(file) + ": " + setting + ": " + String.join("; ", reasons)));
                }
            }
        }
        return wrong ? 1 : 0;
    }

    @Command(
            name = "restart",
            description = "Restarts a connector with its tasks and waits until they run.",
            mixinStandardHelpOptions = true)
    void restart(@Mixin Ports at, @Parameters(paramLabel = "NAME") String name) {
        ConnectApi connect = new ConnectApi(at);
        connect.state(name);
        connect.restart(name);
        tell(connect.await(name, "RUNNING"), "runs again");
    }

    @Command(
            name = "pause",
            description = "Stops the work of a connector but keeps its place; a slot keeps its log meanwhile.",
            mixinStandardHelpOptions = true)
    void pause(@Mixin Ports at, @Parameters(paramLabel = "NAME") String name) {
        ConnectApi connect = new ConnectApi(at);
        connect.pause(name);
        tell(connect.await(name, "PAUSED"), "is paused");
    }

    @Command(name = "resume", description = "Lets a paused connector go on.", mixinStandardHelpOptions = true)
    void resume(@Mixin Ports at, @Parameters(paramLabel = "NAME") String name) {
        ConnectApi connect = new ConnectApi(at);
        connect.resume(name);
        tell(connect.await(name, "RUNNING"), "goes on");
    }

    @Command(
            name = "delete",
            description = "Forgets a connector's configuration; its offsets and its replication slot stay.",
            mixinStandardHelpOptions = true)
    void delete(@Mixin Ports at, @Parameters(paramLabel = "NAME") String name) {
        ConnectApi connect = new ConnectApi(at);
        State last = connect.state(name);
        connect.delete(name);
        tell(last, "is deleted");
    }

    @Command(
            name = "offsets",
            description = "How far a connector has come: of a source its position in the log, of a sink its offsets.",
            mixinStandardHelpOptions = true)
    void offsets(@Mixin Ports at, @Parameters(paramLabel = "NAME") String name) {
        try (Screen screen = screen()) {
            JsonNode offsets = new ConnectApi(at).offsets(name);
            if (json) {
                screen.json(offsets);
                return;
            }
            screen.table(
                    List.of("partition", "offset"),
                    offsets.path("offsets")
                            .valueStream()
                            .map(each -> List.of(
                                    each.path("partition").toString(),
                                    each.path("offset").toString()))
                            .toList());
        }
    }

    private void tell(State state, String what) {
        try (Screen screen = screen()) {
            say(screen, state, "Connector " + state.name() + " " + what + ".");
        }
    }

    private void say(Screen screen, State state, String sentence) {
        if (json) {
            screen.json(state);
        } else {
            screen.out().println(sentence);
        }
    }

    private static String name(Path file) {
        return file.getFileName().toString().replaceFirst("\\.json$", "");
    }

    private static JsonNode read(Path file) {
        try {
            JsonNode config = JSON.readTree(Files.readString(file));
            if (!config.isObject()) {
                throw new StackException(file + " holds no JSON object.");
            }
            return config;
        } catch (JsonProcessingException e) {
            throw new StackException(file + " is no JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new StackException("Cannot read " + file + ".", e);
        }
    }
}
