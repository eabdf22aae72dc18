package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.EnvelopeReader;
import dev.afterimage.projection.change.Loggable;
import dev.afterimage.projection.change.MalformedRecord;
import dev.afterimage.projection.change.RecordReader;
import dev.afterimage.projection.change.RowReader;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a record with the reader for its topic: events of aggregates, or changes of rows. */
@ApplicationScoped
class TopicReader implements RecordReader {

    private final EnvelopeReader envelopes;
    private final RowReader rows;
    private final List<String> tables;

    TopicReader(EnvelopeReader envelopes, RowReader rows, FeedConfig config) {
        this.envelopes = envelopes;
        this.rows = rows;
        this.tables = config.tableTopics().orElse(List.of());
    }

    @Override
    public Loggable read(String topic, byte @Nullable [] key, byte @Nullable [] value) throws MalformedRecord {
        return (tables.contains(topic) ? rows : envelopes).read(topic, key, value);
    }
}
