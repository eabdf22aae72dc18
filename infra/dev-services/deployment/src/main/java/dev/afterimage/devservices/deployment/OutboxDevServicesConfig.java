package dev.afterimage.devservices.deployment;

import io.quarkus.runtime.annotations.ConfigDocMapKey;
import io.quarkus.runtime.annotations.ConfigPhase;
import io.quarkus.runtime.annotations.ConfigRoot;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Dev services for the whole outbox pipeline. Relative paths begin at the application's own folder. */
@ConfigMapping(prefix = "quarkus.outbox.devservices")
@ConfigRoot(phase = ConfigPhase.BUILD_TIME)
public interface OutboxDevServicesConfig {

    /** Whether PostgreSQL, Kafka and Kafka Connect with Debezium are started in dev mode and tests. */
    @WithDefault("true")
    boolean enabled();

    /**
     * {@code process} starts them as processes of this machine, {@code container} leaves PostgreSQL and Kafka to Quarkus'
     * own dev services and starts Connect from Debezium's image; {@code auto} is {@code process} wherever its programs
     * run: Linux and macOS.
     */
    @WithDefault("auto")
    Mode mode();

    /** The image of Kafka Connect in mode {@code container}. */
    @WithDefault("quay.io/debezium/connect:3.6")
    String image();

    /**
     * Folder of data, logs and locks. Applications with the same one share one pipeline. By default
     * {@code target/outbox-dev-services} of the outermost Maven project in dev mode, so that the modules of a repository
     * share, and of the module itself in tests, so that modules tested in parallel do not.
     */
    Optional<String> folder();

    /**
     * {@code kept} goes on with the data of the last run, {@code fresh} throws it away. By default {@code kept} in dev
     * mode and {@code fresh} in tests.
     */
    Optional<Data> data();

    /** The application's database. By default its name, with underscores. */
    Optional<String> database();

    /**
     * Roles to be made besides those of {@code quarkus.datasource.username} and {@code quarkus.flyway.username}, because
     * migrations grant to them. Each one's password is its name.
     */
    Optional<List<String>> roles();

    /** Where the services answer. */
    Ports ports();

    /** The topic of an event; <code>{aggregateType}</code> is what the outbox row says. */
    @WithDefault("{aggregateType}.events")
    String topic();

    /** A JSON file of topics to have, by name, each with {@code partitions} and {@code config}. Others are made by their first event. */
    Optional<String> topics();

    /** A JSON file with the connector's configuration, used instead of the generated one; its keys {@code database.*} are replaced. */
    Optional<String> connectorFile();

    /** Settings of the outbox connector, added to the others or in their place. */
    @ConfigDocMapKey("key")
    Map<String, String> connector();

    /** JSON files of more connectors, each called as its file. */
    Optional<List<String>> extraConnectors();

    /**
     * A path of the application that publishes the current state anew, for the button in the Dev UI, which sends
     * <code>{"aggregate": "…"}</code> there by POST.
     */
    Optional<String> snapshotPath();

    /** How the services run. */
    enum Mode {
        AUTO,
        PROCESS,
        CONTAINER
    }

    /** What becomes of the last run's data. */
    enum Data {
        KEPT,
        FRESH
    }

    /** Loopback ports; 0 is the one of the last run, or a free one. */
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
