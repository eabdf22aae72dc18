package dev.afterimage.deploy;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;

/** The settings that each process knows, read from its own code. */
final class Settings {

    private static final Pattern MAPPING =
            Pattern.compile("@ConfigMapping\\(prefix = \"([^\"]+)\"\\)(.*)", Pattern.DOTALL);
    private static final Pattern MAPPED = Pattern.compile("^ +[\\w<>.]+ (\\w+)\\(\\);", Pattern.MULTILINE);
    private static final Path KAFKA = Path.of(System.getProperty("afterimage.distribution", ""), "kafka");
    /** The settings that a worker requires. */
    private static final Map<String, String> WORKER = Map.of(
            "bootstrap.servers", "127.0.0.1:1",
            "group.id", "any",
            "config.storage.topic", "any",
            "offset.storage.topic", "any",
            "status.storage.topic", "any",
            "key.converter", "org.apache.kafka.connect.storage.StringConverter",
            "value.converter", "org.apache.kafka.connect.storage.StringConverter");

    private Settings() {}

    /**
     * The environment variables that a service knows. They belong to the keys in its application.properties, in its
     * {@code @ConfigMapping} interfaces, to the keys that its token check requires, and to Kafka's own settings.
     */
    static Set<String> variables(String service) {
        Set<String> keys = new HashSet<>(Set.of("mp.jwt.verify.publickey.location", "mp.jwt.verify.issuer"));
        Properties properties = new Properties();
        try {
            properties.load(new StringReader(
                    Repository.text(Repository.file(service + "/src/main/resources/application.properties"))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        properties.stringPropertyNames().forEach(key -> keys.add(key.replaceFirst("^%[^.]+\\.", "")));
        try (Stream<Path> sources = Files.walk(Repository.file(service + "/src/main/java"))) {
            sources.filter(Files::isRegularFile)
                    .map(file -> MAPPING.matcher(Repository.text(file)))
                    .forEach(mapping -> mapping.results().forEach(found -> MAPPED.matcher(found.group(2))
                            .results()
                            .forEach(method -> keys.add(found.group(1) + "." + kebab(method.group(1))))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ConsumerConfig.configNames().forEach(key -> keys.add("kafka." + key));
        return keys.stream().map(Settings::variable).collect(Collectors.toSet());
    }

    private static String kebab(String name) {
        return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    private static String variable(String key) {
        return key.replaceAll("[^A-Za-z0-9]", "_").toUpperCase(Locale.ROOT);
    }

    /** The settings of the broker that the local pipeline runs. */
    static Set<String> broker() {
        return ofKafka(classes -> {
            Object definition = classes.loadClass("org.apache.kafka.server.config.AbstractKafkaConfig")
                    .getField("CONFIG_DEF")
                    .get(null);
            return (Set<?>) definition.getClass().getMethod("names").invoke(definition);
        });
    }

    /** The settings of the Connect worker that the local pipeline runs. */
    static Set<String> worker() {
        return ofKafka(classes -> {
            Object config = classes.loadClass("org.apache.kafka.connect.runtime.distributed.DistributedConfig")
                    .getConstructor(Map.class)
                    .newInstance(WORKER);
            return ((Map<?, ?>) config.getClass().getMethod("values").invoke(config)).keySet();
        });
    }

    private interface Lookup {
        Set<?> in(ClassLoader classes) throws ReflectiveOperationException;
    }

    private static Set<String> ofKafka(Lookup lookup) {
        try (Stream<Path> jars = Files.list(KAFKA)) {
            List<URL> urls = new ArrayList<>();
            for (Path jar : jars.toList()) {
                urls.add(jar.toUri().toURL());
            }
            try (var classes = new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
                // Kafka loads configured classes by the context class loader
                Thread.currentThread().setContextClassLoader(classes);
                return lookup.in(classes).stream().map(String::valueOf).collect(Collectors.toSet());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        } finally {
            Thread.currentThread().setContextClassLoader(Settings.class.getClassLoader());
        }
    }
}
