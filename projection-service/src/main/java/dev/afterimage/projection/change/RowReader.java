package dev.afterimage.projection.change;

import com.fasterxml.jackson.databind.JsonNode;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a record of {@code <prefix>.<schema>.<table>} as Debezium writes it, key and value bare or wrapped as {@code
 * {"schema":…,"payload":{…}}}. A row may have any columns. A table whose replica identity is not FULL has no {@code
 * before}.
 */
@ApplicationScoped
public class RowReader implements RecordReader {

    private static final Pattern TOPIC = Pattern.compile(".*?\\.([^.]+\\.[^.]+)");

    private final EnvelopeReader envelopes;

    RowReader(EnvelopeReader envelopes) {
        this.envelopes = envelopes;
    }

    @Override
    public RowChange read(String topic, byte @Nullable [] key, byte @Nullable [] value) throws MalformedRecord {
        Matcher name = TOPIC.matcher(topic);
        if (!name.matches()) {
            throw new MalformedRecord("the topic does not end with a schema and a table");
        }
        String table = name.group(1);
        JsonNode id = key == null ? null : key(key);
        if (value == null) {
            return new RowChange(table, null, id, null, null);
        }
        Fields envelope = envelopes.envelope(value);
        Operation op = EnvelopeReader.operation(envelope.text("op"));
        Fields source = envelope.object("source");
        return new RowChange(
                table,
                op,
                id,
                source.epochMillis("ts_ms"),
                new Envelope.Raw(row(envelope, "before"), row(envelope, "after"), source.node()));
    }

    private static @Nullable JsonNode row(Fields envelope, String name) throws MalformedRecord {
        JsonNode node = envelope.node().get(name);
        return node == null || node.isNull() ? null : envelope.object(name).node();
    }

    private JsonNode key(byte[] bytes) throws MalformedRecord {
        JsonNode key = envelopes.parse(bytes);
        return key.has("schema") && key.has("payload") ? key.path("payload") : key;
    }
}
