package dev.afterimage.stack;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;

/** The common part of Kafka's broker and Kafka Connect's worker: the jars, the logging, a properties file. */
abstract class KafkaJvm extends Server {

    private static final String LOGGING = "log4j2.yaml";

    private final Class<?> mainClass;
    private final int heapMb;

    KafkaJvm(String name, StackConfig config, Class<?> mainClass, int heapMb) {
        super(name, config);
        this.mainClass = mainClass;
        this.heapMb = heapMb;
    }

    abstract Map<String, String> settings(Distribution distribution);

    @Override
    protected List<String> prepare() throws IOException {
        Distribution distribution = Distribution.locate();
        Path logging = copied(LOGGING);
        Path properties = home().resolve(name() + ".properties");
        Properties content = new Properties();
        content.putAll(settings(distribution));
        try (OutputStream out = Files.newOutputStream(properties)) {
            content.store(out, null);
        }
        List<String> rest = new ArrayList<>(List.of(
                "-Dlog4j2.configurationFile=" + logging,
                // log4j's own shutdown hook would stop the logging before the server writes its last lines
                "-Dlog4j2.shutdownHookEnabled=false",
                "-cp",
                distribution.kafkaJars().resolve("*") + ":" + codeSource(),
                mainClass.getName()));
        rest.addAll(arguments(properties));
        return config().jvm().command(name(), heapMb, rest);
    }

    /** The arguments of the main class. */
    List<String> arguments(Path properties) throws IOException {
        return List.of(properties.toString());
    }

    /** The file in the home folder with this module's resource of the same name. */
    final Path copied(String resource) throws IOException {
        Path file = home().resolve(resource);
        try (InputStream in = Objects.requireNonNull(KafkaJvm.class.getResourceAsStream(resource), resource)) {
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
        }
        return file;
    }

    /** This module's own jar or classes, for the main class. */
    static Path codeSource() {
        try {
            return Path.of(KafkaJvm.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
