package dev.afterimage.projection.pipeline;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How the parts before this service are, each as it says itself. */
public record PipelineStatus(Connect connect, Source source) {

    /** Whether a part could be asked. */
    public enum Reached {
        ANSWERS("answers"),
        UNREACHABLE("unreachable"),
        /** It has no address in this service's configuration. */
        NOT_ASKED("not-asked");

        private final String label;

        Reached(String label) {
            this.label = label;
        }

        @JsonValue
        public String label() {
            return label;
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
     * @param state RUNNING, PAUSED, FAILED, …: Kafka Connect's word
     */
    public record Connector(String name, String state, List<Task> tasks) {
        public Connector {
            tasks = List.copyOf(tasks);
        }
    }

    /**
     * A connector's share of the work.
     *
     * @param failure what a task that failed says first; nothing of its configuration
     */
    public record Task(int id, String state, @Nullable String failure) {}

    /**
     * The order-service's side.
     *
     * @param slot null where it is missing or the database there does not answer; {@code trouble} says which
     * @param outboxRows rows that stay in the outbox, 0 while all is well; null while the database there does not answer
     */
    public record Source(
            Reached state,
            @Nullable Slot slot,
            @Nullable Long outboxRows,
            @Nullable String trouble) {}

    /**
     * The replication slot that Debezium reads.
     *
     * @param active whether somebody reads it
     * @param wal PostgreSQL's wal_status; lost, when changes were removed before they were read
     * @param retainedWalBytes the log that PostgreSQL keeps on its disk for the slot
     * @param maxRetainedWalBytes above it the order-service is not ready
     * @param oldestUnconfirmedMs how old the oldest change is that Debezium has not confirmed
     */
    public record Slot(
            boolean active, String wal, long retainedWalBytes, long maxRetainedWalBytes, long oldestUnconfirmedMs) {}
}
