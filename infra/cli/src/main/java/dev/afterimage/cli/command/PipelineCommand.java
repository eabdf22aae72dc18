package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.service.Ports;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.cli.terminal.Progress;
import dev.afterimage.cli.terminal.Screen;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that talks to the pipeline. */
public abstract class PipelineCommand implements Callable<Integer> {

    @Mixin
    protected Ports ports = new Ports();

    @Spec
    private @Nullable CommandSpec spec;

    /** Finds the pipeline that runs in the data folder, on whichever ports it was started. */
    public void findPipeline(Set<String> givenOptions) {
        ports.adopt(givenOptions, Objects.requireNonNull(spec).options());
    }

    /** The output, for people and as JSON; the caller closes it. */
    protected final Screen screen() {
        return Screen.of(spec);
    }

    protected final PrintWriter out() {
        return Objects.requireNonNull(spec).commandLine().getOut();
    }

    protected final PrintWriter err() {
        return Objects.requireNonNull(spec).commandLine().getErr();
    }

    /** Arguments that no option can check alone; the message is one sentence without a full stop. */
    protected final ParameterException wrong(String why) {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        while (command.getParseResult().hasSubcommand()) {
            command = command.getParseResult().subcommand().commandSpec().commandLine();
        }
        return new ParameterException(command, why);
    }

    /** Follows a long operation of a service to its end, shows its progress, and returns its final state. */
    static JsonNode follow(
            Screen screen,
            RestService service,
            String path,
            String what,
            ToLongFunction<JsonNode> done,
            ToLongFunction<JsonNode> total) {
        JsonNode state = RestService.expect(200, service.get(path));
        try (Progress progress = new Progress(screen, what, total.applyAsLong(state))) {
            while (true) {
                progress.at(done.applyAsLong(state), "");
                if (!state.path("status").asText().equals("RUNNING")) {
                    return state;
                }
                LockSupport.parkNanos(Duration.ofMillis(200).toNanos());
                state = RestService.expect(200, service.get(path));
            }
        }
    }
}
