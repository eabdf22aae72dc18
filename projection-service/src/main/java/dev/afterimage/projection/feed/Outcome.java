package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.view.Result;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** The outcome of a record after the commit of its transaction. */
public record Outcome(ReceivedRecord received, Result result) {

    /** The key or type of a malformed record is shown only if it matches this pattern. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9-]{1,100}");

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

    /** The reason why the record became a dead letter; null if it did not. */
    public @Nullable String reason() {
        return received instanceof ReceivedRecord.Malformed malformed ? malformed.reason() : null;
    }

    /** The record's key; null if it is not plain text. */
    public @Nullable String key() {
        return plain(record().key());
    }

    /** The header {@code eventType}; null if it is missing or not plain text. */
    public @Nullable String eventType() {
        var header = record().headers().lastHeader("eventType");
        return header == null ? null : plain(header.value());
    }

    private ConsumerRecord<byte[], byte[]> record() {
        return received.record();
    }

    private static @Nullable String plain(byte @Nullable [] bytes) {
        if (bytes == null || bytes.length > 100) {
            return null;
        }
        String text = new String(bytes, StandardCharsets.US_ASCII);
        return PLAIN.matcher(text).matches() ? text : null;
    }
}
