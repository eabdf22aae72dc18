package dev.afterimage.bench;

import dev.afterimage.stack.StackException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The program {@code infra/bench/bench}. Exit codes: 0 measured, however slow; 1 failed; 2 wrong arguments. */
@Command(
        name = "bench",
        description = "Measures the services in comparison with other ways to do the same work.",
        mixinStandardHelpOptions = true,
        subcommands = {
            OrdersBench.class,
            BacklogBench.class,
            AuditBench.class,
            StartBench.class,
            FloorBench.class,
            PeersBench.class
        })
final class Bench {

    private Bench() {}

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static void say(String line) {
        System.out.println(line);
    }

    static CommandLine commandLine() {
        return new CommandLine(new Bench()).setExecutionExceptionHandler((failure, command, parsed) -> {
            if (!(failure instanceof StackException)) {
                throw failure;
            }
            command.getErr().println(failure.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        });
    }
}
