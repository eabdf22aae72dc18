package dev.afterimage.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Checks that everything that the service looked up by name on the JVM, in its integration tests, is registered for its
 * native executable. It needs no GraalVM, because it reads the sources of a native build.
 */
public abstract class NativeRegistration {
    /**
     * Names that are looked up on the JVM but not needed in an executable: the beginning of the name, and the reason.
     */
    private static final Map<String, String> NOT_MISSED = Map.of(
            "application.properties",
                    "Quarkus keeps the settings of the build, and looks for a file beside the executable",
            "jbossts-properties.xml", "Quarkus sets Narayana's properties itself",
            "META-INF/services/java.lang.System$LoggerFinder", "the logger is chosen at the build",
            "META-INF/services/org.jboss.logmanager.ConfiguratorFactory", "used only by the logging of tests",
            "META-INF/services/org.slf4j.spi.SLF4JServiceProvider", "Flyway looks for a logger and finds another one",
            "org.xerial.snappy.", "Quarkus loads it at the start, see SNAPPY",
            "net.jpountz.", "lz4 continues in Java if its native library is missing");

    /** The feature that registers Snappy's library; with it comes the code that loads the library at the start. */
    private static final String SNAPPY = "io.quarkus.kafka.client.runtime.graal.SnappyFeature";

    private static final Set<Reached> REACHED = new HashSet<>();
    private static final Set<String> LOADED = new HashSet<>();
    private static NativeSources sources;

    /**
     * @param kind fields, methods, constructors, resource, proxy or library
     * @param asking the first class that looked it up
     * @param initializing the classes whose initializers were running
     */
    private record Reached(String kind, String name, String asking, List<String> initializing) {
        static Reached of(String line) {
            var words = line.split(" ", -1);
            return new Reached(
                    words[0], words[1], words[2], words[3].isEmpty() ? List.of() : List.of(words[3].split(",")));
        }

        /** Whether this lookup happens while the executable is built. */
        boolean atBuildTime() {
            return initializing.stream().anyMatch(type -> !sources.initializesAtRunTime(type));
        }

        @Override
        public String toString() {
            return "%s %s, asked for by %s".formatted(kind, name, asking);
        }
    }

    @BeforeAll
    static void read() throws IOException {
        sources = new NativeSources(Path.of("target", "native", "native-sources"));
        REACHED.clear();
        LOADED.clear();
        try (Stream<Path> files = Files.list(Path.of("target", "reached"))) {
            for (Path file : files.toList()) {
                for (String line : Files.readAllLines(file)) {
                    if (line.startsWith("loaded ")) {
                        LOADED.add(line.substring("loaded ".length()));
                    } else {
                        REACHED.add(Reached.of(line));
                    }
                }
            }
        }
        assertThat(REACHED).as("recorded by the integration tests").isNotEmpty();
    }

    @Test
    void membersOfTheServicesTypesAreRegistered() {
        missing(
                "fields methods constructors",
                reached -> reached.name().startsWith("dev.afterimage.")
                        && sources.hasClass(reached.name())
                        && !sources.reflects(reached.name(), reached.kind()));
    }

    @Test
    void resourcesAreIncluded() {
        missing("resource", reached -> sources.exists(path(reached)) && !sources.includes(path(reached)));
    }

    @Test
    void proxiesAreRegistered() {
        // native-image registers annotations itself; libraries of tests are not in the executable
        missing(
                "proxy",
                reached -> sources.hasClass(reached.asking())
                        && !sources.isAnnotation(reached.name())
                        && !sources.proxies(List.of(reached.name().split(","))));
    }

    @Test
    void nativeLibrariesAreLoadedInTheExecutable() throws IOException {
        var missing = new TreeSet<String>();
        for (Reached library : REACHED) {
            // the JDK's own libraries have simple names
            if (!library.kind().equals("library")
                    || !library.name().contains("/")
                    || !sources.hasClass(library.asking())
                    || isKnown(library.asking())) {
                continue;
            }
            library.initializing().stream()
                    .filter(type -> sources.hasClass(type) && !sources.initializesAtRunTime(type))
                    .forEach(type -> missing.add(type + " loads a native library and is initialized at build time"));
            for (String file : resourcesOf(library.asking())) {
                missing.addAll(sources.missingJniFields(file, LOADED::contains));
            }
        }
        assertThat(missing).isEmpty();
    }

    private static List<String> resourcesOf(String asking) {
        return REACHED.stream()
                .filter(reached -> reached.kind().equals("resource")
                        && topLevel(reached.asking()).equals(topLevel(asking)))
                .map(NativeRegistration::path)
                .filter(sources::exists)
                .distinct()
                .toList();
    }

    private static String topLevel(String type) {
        return type.replaceFirst("\\$.*", "");
    }

    /** Whether {@link #NOT_MISSED} has a beginning of the name, and the reason there is true. */
    private static boolean isKnown(String name) {
        return NOT_MISSED.keySet().stream().anyMatch(name::startsWith)
                && (!name.startsWith("org.xerial.snappy.") || sources.hasFeature(SNAPPY));
    }

    private static String path(Reached resource) {
        return resource.name().startsWith("/") ? resource.name().substring(1) : resource.name();
    }

    private static void missing(String kinds, Predicate<Reached> isMissing) {
        Set<String> found = new TreeSet<>();
        REACHED.stream()
                .filter(reached -> List.of(kinds.split(" ")).contains(reached.kind()))
                .filter(reached -> !reached.atBuildTime())
                .filter(isMissing)
                .filter(reached -> !isKnown(reached.name()))
                .forEach(reached -> found.add(reached.toString()));
        assertThat(found).isEmpty();
    }
}
