package dev.afterimage.cli.command;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Help and error messages of {@code dev}. For a service with dev mode, the script {@code infra/afterimage} itself
 * starts Maven.
 */
@Command(
        name = "dev",
        description =
                "Runs one service in Quarkus' dev mode with live reload; PostgreSQL, Kafka and Connect come with it.")
public final class DevCommand implements Callable<Integer> {

    @Parameters(
            paramLabel = "SERVICE",
            description = "order-service or projection-service; further arguments are Maven's, such as -Ddebug=5006")
    private String service = "";

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        throw new ParameterException(
                Objects.requireNonNull(spec).commandLine(),
                "'" + service + "' has no dev mode: give order-service or projection-service");
    }
}
