package dev.afterimage.projection.status;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The state of the upstream components, as they report it. */
public record PipelineStatus(Connect connect, Source source) {

    /** Whether a component could be queried. */
    public enum Reached {
        ANSWERS,
        UNREACHABLE,
        /** The component has no address in this service's configuration. */
        NOT_ASKED;

        @JsonValue
        public String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** Kafka Connect. */
    public record Connect(Reached state, List<Connector> connectors) {

        public Connect {
            connectors = List.copyOf(connectors);
        }
    }

    /**
     * A connector.
     *
     * @param state the state as Kafka Connect reports it: RUNNING, PAUSED, FAILED, …
     */
    public record Connector(String name, String state, List<Task> tasks) {

        public Connector {
            tasks = List.copyOf(tasks);
        }
    }

    /**
     * A task of a connector.
     *
     * @param failure the first line of the failure of a task; contains nothing of its configuration
     */
    public record Task(int id, String state, @Nullable String failure) {}

    /**
     * The order-service's side.
     *
     * @param slot null if the slot is missing or the database of order-service does not answer; {@code trouble} says
     *     which
     * @param outboxRows rows that stay in the outbox, normally 0; null while the database of order-service does not
     *     answer
     * @param tablesOldestUnconfirmedMs the age of the oldest change that the connector of the replica has not
     *     confirmed; null if unknown
     */
    public record Source(
            Reached state,
            @Nullable Slot slot,
            @Nullable Long outboxRows,
            @Nullable Long tablesOldestUnconfirmedMs,
            @Nullable String trouble) {}

    /**
     * The replication slot that Debezium reads.
     *
     * @param active whether the slot has a reader
     * @param wal PostgreSQL's wal_status; {@code lost} when PostgreSQL has removed WAL that was not read
     * @param retainedWalBytes the WAL that PostgreSQL keeps on its disk for the slot
     * @param maxRetainedWalBytes the limit above which the order-service is not ready
     * @param oldestUnconfirmedMs the age of the oldest change that Debezium has not confirmed
     */
    public record Slot(
            boolean active, String wal, long retainedWalBytes, long maxRetainedWalBytes, long oldestUnconfirmedMs) {}
}
