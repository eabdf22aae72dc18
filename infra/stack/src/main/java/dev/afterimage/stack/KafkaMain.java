package dev.afterimage.stack;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/**
 * Main class of the broker's JVM: formats the log folder if needed, then runs the broker. Kafka's own scripts use two
 * JVMs for this; one JVM saves two seconds of the first start. Kafka's classes are called by name, because this module
 * is compiled against the services' Kafka client and not against the broker.
 */
final class KafkaMain {

    private static final String CLUSTER_ID = "YWZ0ZXJpbWFnZS1vbmUtYQ";

    private KafkaMain() {}

    /**
     * Runs the broker.
     *
     * @param args the broker's properties file
     */
    public static void main(String[] args) throws Exception {
        Path properties = Path.of(args[0]);
        format(properties);
        Class.forName("kafka.Kafka").getMethod("main", String[].class).invoke(null, (Object)
                new String[] {properties.toString()});
    }

    /** Formats another folder and renames it, so that a kill never leaves a half-formatted folder. */
    private static void format(Path properties) throws Exception {
        Properties settings = new Properties();
        try (var in = Files.newInputStream(properties)) {
            settings.load(in);
        }
        Path logs = Path.of(settings.getProperty("log.dirs"));
        if (Files.exists(logs.resolve("meta.properties"))) {
            return;
        }
        if (Files.exists(logs.resolve("__cluster_metadata-0"))) {
            throw new IOException(
                    logs + " holds Kafka's data but no meta.properties: restore that file, or ./mvnw clean");
        }
        Folders.delete(logs);
        Path incomplete = logs.resolveSibling("kafka.incomplete");
        Folders.delete(incomplete);
        Files.createDirectories(incomplete);
        settings.setProperty("log.dirs", incomplete.toString());
        Path formatProperties = properties.resolveSibling("kafka-format.properties");
        try (var out = Files.newOutputStream(formatProperties)) {
            settings.store(out, null);
        }
        String[] arguments = {"format", "--cluster-id", CLUSTER_ID, "--config", formatProperties.toString()};
        Object status = Class.forName("kafka.tools.StorageTool")
                .getMethod("execute", String[].class, PrintStream.class)
                .invoke(null, arguments, System.out);
        if (!Integer.valueOf(0).equals(status)) {
            throw new IOException("Kafka cannot format " + incomplete);
        }
        Files.delete(formatProperties);
        Files.move(incomplete, logs);
    }
}
