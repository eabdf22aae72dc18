package dev.afterimage.cli.service;

import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.Jvm;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackConfig;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.TypeConversionException;

/**
 * The options with the pipeline's ports, data folder and token, shared by all commands. Environment variables set them
 * for a whole shell. A port that neither sets is the one of the pipeline that was started last in the data folder.
 */
public final class Ports {

    @Option(
            scope = ScopeType.INHERIT,
            names = "--home",
            paramLabel = "FOLDER",
            defaultValue = "${env:AFTERIMAGE_HOME:-${sys:afterimage.root:-.}/target/pipeline}",
            description = "folder of data and logs (${DEFAULT-VALUE})")
    public Path home = Path.of("target/pipeline");

    @Option(
            scope = ScopeType.INHERIT,
            names = "--postgres-port",
            paramLabel = "PORT",
            defaultValue = "${env:AFTERIMAGE_POSTGRES_PORT:-5433}",
            description = "PostgreSQL (${DEFAULT-VALUE})")
    public int postgres;

    @Option(
            scope = ScopeType.INHERIT,
            names = "--kafka-port",
            paramLabel = "PORT",
            defaultValue = "${env:AFTERIMAGE_KAFKA_PORT:-9092}",
            description = "Kafka (${DEFAULT-VALUE})")
    public int kafka;

    @Option(
            scope = ScopeType.INHERIT,
            names = "--kafka-controller-port",
            paramLabel = "PORT",
            defaultValue = "${env:AFTERIMAGE_KAFKA_CONTROLLER_PORT:-9093}",
            description = "Kafka's own controller (${DEFAULT-VALUE})")
    public int controller;

    @Option(
            scope = ScopeType.INHERIT,
            names = "--connect-port",
            paramLabel = "PORT",
            defaultValue = "${env:AFTERIMAGE_CONNECT_PORT:-8083}",
            description = "Kafka Connect (${DEFAULT-VALUE})")
    public int connect;

    @Option(
            scope = ScopeType.INHERIT,
            names = "--connect-metrics-port",
            paramLabel = "PORT",
            defaultValue = "${env:AFTERIMAGE_CONNECT_METRICS_PORT:-9404}",
            description = "metrics of Kafka Connect and Debezium (${DEFAULT-VALUE}; 0: none)")
    int connectMetrics;

    @Option(
            scope = ScopeType.INHERIT,
            names = "--registry-port",
            paramLabel = "PORT",
            defaultValue = "${env:AFTERIMAGE_REGISTRY_PORT:-0}",
            description = "schema registry, which no other part needs (0: none)")
    int registry;

    @Option(
            scope = ScopeType.INHERIT,
            names = "--order-port",
            paramLabel = "PORT",
            defaultValue = "${env:AFTERIMAGE_ORDER_PORT:-8080}",
            description = "order-service (${DEFAULT-VALUE})")
    public int orderService;

    @Option(
            scope = ScopeType.INHERIT,
            names = "--projection-port",
            paramLabel = "PORT",
            defaultValue = "${env:AFTERIMAGE_PROJECTION_PORT:-8081}",
            description = "projection-service (${DEFAULT-VALUE})")
    public int projectionService;

    @Option(
            scope = ScopeType.INHERIT,
            names = "--token",
            paramLabel = "TOKEN",
            defaultValue = "${env:AFTERIMAGE_TOKEN:-}",
            converter = Token.class,
            description =
                    "bearer token for both services; only the variable AFTERIMAGE_TOKEN hides it from other users")
    private String token = "";

    /**
     * A <a href="https://www.rfc-editor.org/rfc/rfc6750#section-2.1">bearer token</a>, or an empty text. The error about
     * another text does not contain the text.
     */
    static final class Token implements ITypeConverter<String> {

        @Override
        public String convert(String value) {
            String token = value.strip();
            if (!token.matches("[A-Za-z0-9._~+/-]*=*")) {
                throw new TypeConversionException("a token has only letters, digits and - . _ ~ + / =");
            }
            return token;
        }
    }

    /**
     * Takes each port that is in no variable and not among these options from the pipeline that was started last in the
     * data folder.
     *
     * @param given names of the options on the command line, such as {@code --kafka-port}
     * @param options the options of a command, whose values are the fields of this object
     */
    public void adopt(Set<String> given, List<OptionSpec> options) {
        Map<String, Integer> ports = LocalPipeline.portsOfLastStart(home);
        for (OptionSpec option : options) {
            Integer port = ports.get(option.longestName());
            String variable = "AFTERIMAGE_"
                    + option.longestName().substring(2).toUpperCase(Locale.ROOT).replace('-', '_');
            if (port != null && !given.contains(option.longestName()) && System.getenv(variable) == null) {
                option.setValue(port);
            }
        }
    }

    /** What a command needs to find the pipeline from another terminal: empty, or an option after a blank. */
    public String homeOption() {
        Path usual = Path.of(System.getProperty("afterimage.root", "."), "target/pipeline")
                .toAbsolutePath()
                .normalize();
        Path here = home.toAbsolutePath().normalize();
        return here.equals(usual) ? "" : " --home " + here;
    }

    public LocalPipelineConfig pipeline() {
        return new LocalPipelineConfig(
                new StackConfig(home, postgres, kafka, controller, connect, registry, connectMetrics, Jvm.PLAIN),
                orderService,
                projectionService,
                true,
                false);
    }

    public String bootstrapServers() {
        return StackConfig.HOST + ":" + kafka;
    }

    /** Calls order-service with the token. */
    public RestService orderService() {
        return new RestService(pipeline().orders(), token);
    }

    /** Calls projection-service with the token. */
    public RestService projectionService() {
        return new RestService(pipeline().projection(), token);
    }

    /** The connectors of the Kafka Connect at the configured port. */
    public Connectors connectors() {
        return new Connectors(pipeline().stack().connect());
    }

    /** The registry's Confluent-compatible API; null when no port is given and the pipeline runs without a registry. */
    public @Nullable URI registry() {
        return registry == StackConfig.NO_REGISTRY
                ? null
                : URI.create("http://" + StackConfig.HOST + ":" + registry + "/apis/ccompat/v7");
    }

    /** The pipeline's PostgreSQL, for direct access; this does not start it. */
    public Postgres postgres() {
        return new Postgres(pipeline().stack());
    }
}
