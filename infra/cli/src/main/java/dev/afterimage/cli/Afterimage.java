package dev.afterimage.cli;

import dev.afterimage.cli.command.AuditCommand;
import dev.afterimage.cli.command.CompatibilityCommand;
import dev.afterimage.cli.command.ConnectorsCommand;
import dev.afterimage.cli.command.DeadLettersCommand;
import dev.afterimage.cli.command.DevCommand;
import dev.afterimage.cli.command.DownCommand;
import dev.afterimage.cli.command.MeasureCommand;
import dev.afterimage.cli.command.PipelineCommand;
import dev.afterimage.cli.command.ProduceCommand;
import dev.afterimage.cli.command.RebuildCommand;
import dev.afterimage.cli.command.SnapshotCommand;
import dev.afterimage.cli.command.SqlCommand;
import dev.afterimage.cli.command.StatusCommand;
import dev.afterimage.cli.command.UpCommand;
import dev.afterimage.cli.command.ViewCommand;
import dev.afterimage.cli.command.WatchCommand;
import dev.afterimage.cli.command.simulate.SimulateCommand;
import dev.afterimage.cli.service.Ports;
import dev.afterimage.cli.terminal.Figures;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.cli.terminal.StandardOutput;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.reflect.Field;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.Help.ColorScheme;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program {@code infra/afterimage}; each subcommand is one class. */
@Command(
        name = "afterimage",
        description = {
            "Runs the Afterimage pipeline and shows what passes through it.",
            "With --json, a list is one array and one thing is one object; sql, watch, status --watch and a command on"
                    + " several names, files or ids print one object a line."
        },
        synopsisHeading = "Usage: infra/",
        exitCodeListHeading = "%nExit codes, where a command's own help does not say otherwise:%n",
        exitCodeList = {
            "0:done",
            "1:failed",
            "2:wrong arguments",
            "74:the output cannot be written",
            "130:interrupted",
            "141:the reader of the output has gone"
        },
        // and for all commands: --help, --version
        scope = CommandLine.ScopeType.INHERIT,
        mixinStandardHelpOptions = true,
        version = "0.1.0-SNAPSHOT",
        subcommands = {
            UpCommand.class,
            DownCommand.class,
            DevCommand.class,
            StatusCommand.class,
            ConnectorsCommand.class,
            CompatibilityCommand.class,
            WatchCommand.class,
            ViewCommand.class,
            ProduceCommand.class,
            SimulateCommand.class,
            DeadLettersCommand.class,
            RebuildCommand.class,
            SnapshotCommand.class,
            SqlCommand.class,
            AuditCommand.class,
            MeasureCommand.class,
            AutoComplete.GenerateCompletion.class
        })
public final class Afterimage {

    private Afterimage() {}

    public static void main(String[] args) {
        StandardOutput output = new StandardOutput();
        CommandLine program = commandLine().setOut(output.writer());
        Thread.setDefaultUncaughtExceptionHandler(
                (_, failure) -> program.getErr().println(unforeseen(failure)));
        System.exit(output.exitCode(program.execute(args), program.getErr()));
    }

    /** The program with its error handling: an expected failure is one sentence, without a stack trace. */
    public static CommandLine commandLine() {
        CommandLine program = new CommandLine(new Afterimage());
        program.getCommandSpec().usageMessage().synopsisSubcommandLabel("COMMAND"); // not inherited
        return program.setCaseInsensitiveEnumValuesAllowed(true)
                .registerConverter(Duration.class, Afterimage::duration)
                // `simulate --database orders` must not be read as `simulate orders`
                .setAllowSubcommandsAsOptionParameters(true)
                .setHelpFactory(Afterimage::help)
                .setParameterExceptionHandler(Afterimage::wrongArguments)
                .setExecutionStrategy(Afterimage::run)
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    if (!(failure instanceof Screen.Unwritable)) {
                        command.getErr().println(Screen.visibleLines(sentence(failure)));
                    }
                    return CommandLine.ExitCode.SOFTWARE;
                });
    }

    private static Duration duration(String value) {
        try {
            return Figures.duration(value);
        } catch (DateTimeException e) {
            throw new TypeConversionException("'" + value + "' is not a time such as 60s or 5m");
        }
    }

    /** Picocli handles exceptions, but not errors such as too little memory. */
    private static int run(ParseResult arguments) {
        List<CommandLine> commands = arguments.asCommandLineList();
        Set<String> given = commands.stream()
                .flatMap(command -> command.getParseResult().matchedOptions().stream())
                .map(OptionSpec::longestName)
                .collect(Collectors.toSet());
        for (CommandLine command : commands) {
            Object program = command.getCommand();
            if (program instanceof PipelineCommand pipeline) {
                pipeline.findPipeline(given);
            }
        }
        try {
            return new CommandLine.RunLast().execute(arguments);
        } catch (Error e) {
            arguments.commandSpec().commandLine().getErr().println(unforeseen(e));
            return CommandLine.ExitCode.SOFTWARE;
        }
    }

    /** Lists the options that all commands have after everything else, and leaves them out of the synopsis. */
    private static Help help(CommandSpec command, ColorScheme colours) {
        return new Help(command, colours) {
            @Override
            public String optionList() {
                return optionListExcludingGroups(options(false)) + optionListGroupSections();
            }

            @Override
            public String commandListHeading(Object... parameters) {
                String heading = super.commandListHeading(parameters);
                return heading.isEmpty() ? heading : System.lineSeparator() + heading;
            }

            @Override
            public String commandList() {
                return super.commandList()
                        + createHeading("%nOptions of all commands:%n")
                        + optionListExcludingGroups(options(true));
            }

            @Override
            protected Text createDetailedSynopsisOptionsText(
                    Collection<ArgSpec> done,
                    List<OptionSpec> options,
                    Comparator<OptionSpec> order,
                    boolean clusterFlags) {
                List<OptionSpec> own = options.stream()
                        .filter(option -> !isOfAllCommands(option))
                        .toList();
                return super.createDetailedSynopsisOptionsText(done, own, order, clusterFlags);
            }

            private List<OptionSpec> options(boolean ofAllCommands) {
                return command.options().stream()
                        .filter(option -> isOfAllCommands(option) == ofAllCommands)
                        .toList();
            }
        };
    }

    private static boolean isOfAllCommands(OptionSpec option) {
        return option.usageHelp()
                || option.versionHelp()
                || (option.userObject() instanceof Field field && field.getDeclaringClass() == Ports.class);
    }

    private static int wrongArguments(ParameterException failure, String[] arguments) {
        CommandLine command = failure.getCommandLine();
        PrintWriter err = command.getErr();
        err.println(failure.getMessage());
        if (!UnmatchedArgumentException.printSuggestions(failure, err)) {
            err.println("Try: infra/" + command.getCommandSpec().qualifiedName() + " --help");
        }
        return CommandLine.ExitCode.USAGE;
    }

    private static String sentence(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof StackException) {
                return String.valueOf(cause.getMessage());
            }
            if (cause instanceof SQLException) {
                return "PostgreSQL: "
                        + String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
            }
            if (cause instanceof KafkaException) {
                return "Kafka: " + cause.getMessage();
            }
            if (cause instanceof FileSystemException file) {
                return "Cannot read or write " + file.getFile() + ": " + reason(file);
            }
            if (cause instanceof IOException && cause.getMessage() != null) {
                return cause.getMessage();
            }
        }
        return unforeseen(failure);
    }

    /** The JDK tells the usual reasons by the class alone. */
    private static String reason(FileSystemException failure) {
        return switch (failure) {
            case NoSuchFileException _ -> {
                Path folder = Path.of(failure.getFile()).toAbsolutePath().getParent();
                yield folder == null || Files.isDirectory(folder)
                        ? "there is no such file or folder"
                        : "there is no folder " + folder;
            }
            case AccessDeniedException _ -> "permission denied";
            case FileAlreadyExistsException _ -> "it exists already";
            case NotDirectoryException _ -> "it is no folder";
            case DirectoryNotEmptyException _ -> "the folder is not empty";
            default -> String.valueOf(failure.getReason());
        };
    }

    /** The stack trace goes to a file. */
    private static String unforeseen(Throwable failure) {
        String what = failure instanceof OutOfMemoryError
                ? "The memory of %,d MB is not enough"
                        .formatted(Runtime.getRuntime().maxMemory() >> 20)
                : "An error that nobody foresaw: " + failure;
        try {
            Path log = Files.createTempFile("afterimage-", ".log");
            try (PrintWriter trace = new PrintWriter(Files.newBufferedWriter(log))) {
                failure.printStackTrace(trace);
            }
            return what + ". Its log: " + log;
        } catch (IOException e) {
            return what + ". Its log cannot be written: " + e.getMessage();
        }
    }
}
