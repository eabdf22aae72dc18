package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Loggable;
import dev.afterimage.projection.eventlog.LoggedRecord;
import dev.afterimage.projection.view.Result;
import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** The outcome of a record after the commit of its transaction. */
public record Outcome(ReceivedRecord received, Result result) {

    public Effect effect() {
        return result.effect();
    }

    public String topic() {
        return record().topic();
    }

    public int partition() {
        return record().partition();
    }

    public long offset() {
        return record().offset();
    }

    /** The event of an aggregate; null for a row of a table and for a malformed record. */
    public @Nullable Change change() {
        return received instanceof ReceivedRecord.Event event ? event.change() : null;
    }

    /** The position of the record, as {@code topic-partition@offset}. */
    String place() {
        return topic() + "-" + partition() + "@" + offset();
    }

    /** The row of the event log; empty for a malformed record. */
    Optional<LoggedRecord> logged() {
        Loggable loggable =
                switch (received) {
                    case ReceivedRecord.Event event -> event.change();
                    case ReceivedRecord.Row row -> row.change();
                    case ReceivedRecord.Malformed _ -> null;
                };
        return Optional.ofNullable(loggable)
                .map(change -> new LoggedRecord(
                        topic(), partition(), offset(), Instant.ofEpochMilli(record().timestamp()), change, effect()));
    }

    private ConsumerRecord<byte[], byte[]> record() {
        return received.record();
    }
}
