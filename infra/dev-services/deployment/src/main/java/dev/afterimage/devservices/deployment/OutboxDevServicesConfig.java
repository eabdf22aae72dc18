package dev.afterimage.devservices.deployment;

import io.quarkus.runtime.annotations.ConfigDocMapKey;
import io.quarkus.runtime.annotations.ConfigPhase;
import io.quarkus.runtime.annotations.ConfigRoot;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Dev services for the whole outbox pipeline. Relative paths begin at the application's folder. */
@ConfigMapping(prefix = "quarkus.outbox.devservices")
@ConfigRoot(phase = ConfigPhase.BUILD_TIME)
public interface OutboxDevServicesConfig {

    /** Whether PostgreSQL, Kafka and Kafka Connect with Debezium are started in dev mode and tests. */
    @WithDefault("true")
    boolean enabled();

    /**
     * {@code process} starts the services as processes on this machine. {@code container} leaves PostgreSQL and Kafka
     * to Quarkus' own dev services and starts Connect from Debezium's image. {@code auto} is {@code process} on Linux
     * and macOS, where its programs run, else {@code container}.
     */
    @WithDefault("auto")
    Mode mode();

    /** The image of Kafka Connect in mode {@code container}. */
    @WithDefault("quay.io/debezium/connect:3.6")
    String image();

    /**
     * Folder of data, logs and locks. Applications with the same folder share one pipeline. In dev mode the default is
     * {@code target/outbox-dev-services} of the outermost Maven project, so that the modules of a repository share one
     * pipeline. In tests the default is in the module itself, so that modules that are tested in parallel do not share.
     */
    Optional<String> folder();

    /**
     * {@code kept} keeps the data of the last run, {@code fresh} deletes it. The default is {@code kept} in dev mode
     * and {@code fresh} in tests.
     */
    Optional<Data> data();

    /** The application's database. The default is the application's name, with underscores. */
    Optional<String> database();

    /**
     * Roles to create besides those of {@code quarkus.datasource.username} and {@code quarkus.flyway.username}, for
     * example because migrations grant rights to them. The password of each role is its name.
     */
    Optional<List<String>> roles();

    /** The ports of the services. */
    Ports ports();

    /** The topic of an event; <code>{aggregateType}</code> is replaced by the aggregate type of the outbox row. */
    @WithDefault("{aggregateType}.events")
    String topic();

    /**
     * A JSON file with topics to create, by name, each with {@code partitions} and {@code config}. Other topics are
     * created by their first event.
     */
    Optional<String> topics();

    /**
     * A JSON file with the connector's configuration, in place of the generated one. Its keys {@code database.*} are
     * replaced.
     */
    Optional<String> connectorFile();

    /** Settings of the outbox connector; they are added or replace existing ones. */
    @ConfigDocMapKey("key")
    Map<String, String> connector();

    /** JSON files of more connectors; each connector has the name of its file. */
    Optional<List<String>> extraConnectors();

    /**
     * The path of the application's endpoint that publishes the current state again. The button in the Dev UI sends
     * <code>{"aggregate": "…"}</code> to this path by POST.
     */
    Optional<String> snapshotPath();

    /** How the services run. */
    enum Mode {
        AUTO,
        PROCESS,
        CONTAINER
    }

    /** Whether the data of the last run is kept. */
    enum Data {
        KEPT,
        FRESH
    }

    /** Loopback ports; 0 means the port of the last run, or a free port. */
    interface Ports {

        /** PostgreSQL. */
        @WithDefault("0")
        int postgres();

        /** Kafka. */
        @WithDefault("0")
        int kafka();

        /** The REST API of Kafka Connect. */
        @WithDefault("0")
        int connect();
    }
}
