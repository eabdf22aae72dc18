package dev.afterimage.projection.change;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads a record with the reader for its topic: events of aggregates, or changes of rows. */
@ApplicationScoped
public class TopicReader implements RecordReader {

    private final EnvelopeReader envelopes;
    private final RowReader rows;
    private final List<String> tables;
    private final List<String> topics;

    public TopicReader(EnvelopeReader envelopes, RowReader rows, FeedTopics feed) {
        this.envelopes = envelopes;
        this.rows = rows;
        this.tables = feed.tableTopics().orElse(List.of());
        this.topics = Stream.concat(feed.topics().orElseGet(envelopes::topics).stream(), tables.stream())
                .toList();
    }

    /** The topics of the feed. */
    public List<String> topics() {
        return topics;
    }

    @Override
    public Loggable read(String topic, byte @Nullable [] key, byte @Nullable [] value) throws MalformedRecord {
        return (tables.contains(topic) ? rows : envelopes).read(topic, key, value);
    }
}
