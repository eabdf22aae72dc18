package dev.afterimage.cli;

import dev.afterimage.stack.StackException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The program {@code infra/afterimage}: one subcommand a class. */
@Command(
        name = "afterimage",
        description = "Runs the Afterimage pipeline and shows what passes through it.",
        mixinStandardHelpOptions = true,
        version = "0.1.0-SNAPSHOT",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {Up.class, Watch.class, Audit.class, Measure.class, Train.class})
public final class Afterimage {

    private Afterimage() {}

    /** Exit codes: 0 done, 1 failed, 2 wrong arguments. */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Afterimage()).setExecutionExceptionHandler((failure, command, parsed) -> {
            if (!(failure instanceof StackException)) {
                throw failure;
            }
            command.getErr().println(failure.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        });
    }
}
