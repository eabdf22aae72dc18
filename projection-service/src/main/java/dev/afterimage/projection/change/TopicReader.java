package dev.afterimage.projection.change;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a record with the reader for its topic: events of aggregates, or changes of rows. */
@ApplicationScoped
public class TopicReader implements RecordReader {

    private final EnvelopeReader envelopes;
    private final RowReader rows;
    private final List<String> tables;

    public TopicReader(EnvelopeReader envelopes, RowReader rows, FeedTopics feed) {
        this.envelopes = envelopes;
        this.rows = rows;
        this.tables = feed.tableTopics().orElse(List.of());
    }

    @Override
    public Loggable read(String topic, byte @Nullable [] key, byte @Nullable [] value) throws MalformedRecord {
        return (tables.contains(topic) ? rows : envelopes).read(topic, key, value);
    }
}
