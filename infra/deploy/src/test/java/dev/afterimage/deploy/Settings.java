package dev.afterimage.deploy;

import dev.afterimage.projection.change.EnvelopeReader;
import dev.afterimage.projection.change.ImageReader;
import dev.afterimage.projection.view.ReadModel;
import io.quarkus.runtime.annotations.ConfigPhase;
import io.quarkus.runtime.annotations.ConfigRoot;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.ConfigMappings;
import io.smallrye.config.ConfigMappings.ConfigClass;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.jwt.config.JWTAuthContextInfoProvider;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.jandex.Index;
import org.jboss.jandex.Indexer;

/** The settings that each process knows, from its own classes. */
final class Settings {

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

    /** The value in the service's application.properties for this profile, or the default value. */
    static String value(String service, String profile, String name) {
        return config(service, profile, mappings(index(service))).getValue(name, String.class);
    }

    /** The topics that projection-service reads if {@code feed.topics} is not set: those of its read models. */
    static List<String> feedTopics() {
        List<ImageReader> models = new ArrayList<>();
        for (var model : index("projection-service").getAllKnownSubclasses(ReadModel.class)) {
            try {
                models.add(Class.forName(model.name().toString())
                        .asSubclass(ImageReader.class)
                        .getConstructor()
                        .newInstance());
            } catch (ReflectiveOperationException e) {
                throw new LinkageError(e.getMessage(), e);
            }
        }
        return new EnvelopeReader(models).topics();
    }

    /**
     * Those of the environment variables that set nothing when the service starts. A Quarkus extension's settings are
     * known if either service has the extension, but not settings that are fixed at build time. The keys of a map, such
     * as the names of data sources, are those of application.properties.
     */
    static List<String> unknown(String service, Collection<String> variables) {
        Index index = index(service);
        List<ConfigClass> mappings = mappings(index);
        SmallRyeConfig config = config(service, "prod", mappings);
        mappings.addAll(ofQuarkus());
        Set<String> names = new HashSet<>();
        mappings.forEach(
                mapping -> names.addAll(ConfigMappings.getProperties(mapping).keySet()));
        index.getAnnotations(ConfigProperty.class)
                .forEach(property -> names.add(property.value("name").asString()));
        ConsumerConfig.configNames().forEach(name -> names.add("kafka." + name));
        var mapped = ConfigMappings.propertyNamesMatcher(mappings);
        config.getPropertyNames().forEach(name -> {
            if (!name.startsWith("quarkus.") || mapped.matches(name)) {
                names.add(name);
            }
        });
        return variables.stream()
                .filter(variable -> {
                    var source = new EnvConfigSource(Map.of(variable, "any"), EnvConfigSource.ORDINAL);
                    return names.stream().noneMatch(name -> source.getValue(name) != null);
                })
                .toList();
    }

    private static SmallRyeConfig config(String service, String profile, List<ConfigClass> mappings) {
        Path properties = Repository.file(service + "/src/main/resources/application.properties");
        try {
            var config = new SmallRyeConfigBuilder()
                    .addDefaultInterceptors()
                    .withProfile(profile)
                    .withSources(new PropertiesConfigSource(properties.toUri().toURL()));
            mappings.forEach(mapping -> config.withDefaultValues(mapping.getProperties()));
            return config.build();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The service's classes, and the class of its token check that has settings. */
    private static Index index(String service) {
        try {
            var indexer = new Indexer();
            indexer.indexClass(JWTAuthContextInfoProvider.class);
            for (Path file : Repository.classes(service)) {
                indexer.index(new ByteArrayInputStream(Files.readAllBytes(file)));
            }
            return indexer.complete();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<ConfigClass> mappings(Index index) {
        return index.getAnnotations(ConfigMapping.class).stream()
                .map(mapping -> configClass(mapping.target().asClass().name().toString()))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    /** The settings of Quarkus' extensions that can change at the start. */
    private static List<ConfigClass> ofQuarkus() {
        return Settings.class
                .getClassLoader()
                .resources("META-INF/quarkus-config-roots.list")
                .flatMap(Settings::lines)
                .map(Settings::configClass)
                .filter(root -> root.getType().getAnnotation(ConfigRoot.class).phase() == ConfigPhase.RUN_TIME)
                .toList();
    }

    private static Stream<String> lines(URL list) {
        try (var bytes = list.openStream()) {
            return new String(bytes.readAllBytes(), StandardCharsets.UTF_8).lines();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ConfigClass configClass(String name) {
        try {
            return ConfigClass.configClass(Class.forName(name, false, Settings.class.getClassLoader()));
        } catch (ClassNotFoundException e) {
            throw new LinkageError(e.getMessage(), e);
        }
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

    /** The settings of the Connect worker that the local pipeline runs, and of the producers of its tasks. */
    static Set<String> worker() {
        return ofKafka(classes -> {
            Object config = classes.loadClass("org.apache.kafka.connect.runtime.distributed.DistributedConfig")
                    .getConstructor(Map.class)
                    .newInstance(WORKER);
            Set<Object> known = new HashSet<>(
                    ((Map<?, ?>) config.getClass().getMethod("values").invoke(config)).keySet());
            Class<?> producer = classes.loadClass("org.apache.kafka.clients.producer.ProducerConfig");
            for (Object setting : (Set<?>) producer.getMethod("configNames").invoke(null)) {
                known.add("producer." + setting);
            }
            return known;
        });
    }

    /** The jars that the local pipeline's Connect worker finds when this is its {@code plugin.path}. */
    static Set<String> pluginJars(Path path) {
        return ofKafka(classes -> {
            Class<?> utils = classes.loadClass("org.apache.kafka.connect.runtime.isolation.PluginUtils");
            Method locations = utils.getMethod("pluginLocations", String.class, boolean.class);
            Method jars = utils.getMethod("pluginUrls", Path.class);
            Set<Object> found = new HashSet<>();
            for (Object plugin : (Set<?>) locations.invoke(null, path.toString(), true)) {
                found.addAll((List<?>) jars.invoke(null, plugin));
            }
            return found;
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
