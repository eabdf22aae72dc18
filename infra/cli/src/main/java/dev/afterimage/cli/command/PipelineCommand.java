package dev.afterimage.cli.command;

import dev.afterimage.cli.service.Ports;
import dev.afterimage.cli.terminal.Screen;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that talks to the pipeline. */
@Command(mixinStandardHelpOptions = true)
public abstract class PipelineCommand implements Callable<Integer> {

    @Mixin
    protected Ports ports = new Ports();

    @Spec
    private @Nullable CommandSpec spec;

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
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), why);
    }
}
