package dev.afterimage.projection.change;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.quarkus.arc.All;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads a record of {@code <aggregate>.events}, bare or wrapped as {@code {"schema":…,"payload":{…}}}.
 *
 * <p>It checks every value that is stored, so that a read record always fits the tables. It ignores unknown fields, so
 * that the producer may add fields.
 */
@ApplicationScoped
public class EnvelopeReader implements RecordReader {

    private static final String SUFFIX = ".events";
    private static final Pattern EVENT_TYPE = Pattern.compile("[A-Za-z][A-Za-z0-9]{0,99}");

    private final ObjectReader json;
    private final List<String> topics;
    private final Map<String, ImageReader> readers;

    /** @param images the readers in the order of their topics; beans come by descending {@code @Priority} */
    public EnvelopeReader(@All List<ImageReader> images) {
        var mapper = JsonMapper.builder()
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
                // the event log keeps every digit
                .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .build();
        mapper.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(100).build());
        json = mapper.readerFor(JsonNode.class);
        topics = images.stream().map(EnvelopeReader::topic).toList();
        readers = images.stream().collect(Collectors.toMap(EnvelopeReader::topic, Function.identity()));
    }

    /** The topics whose records this reader can read. */
    public List<String> topics() {
        return topics;
    }

    private static String topic(ImageReader images) {
        return images.aggregate() + SUFFIX;
    }

    @Override
    public Change read(String topic, byte @Nullable [] key, byte @Nullable [] value) throws MalformedRecord {
        ImageReader images = readers.get(topic);
        if (images == null) {
            throw new MalformedRecord("no read model knows the events of this topic");
        }
        UUID id = readKey(key);
        if (value == null) {
            return new Tombstone(images.aggregate(), id);
        }
        Fields envelope = envelope(value);
        Operation op = operation(envelope.text("op"));
        Fields source = envelope.object("source");
        if (!source.text("aggregate").equals(images.aggregate())) {
            throw new MalformedRecord("source.aggregate is not " + images.aggregate());
        }
        long version = source.version("version");
        Image before = image(images, envelope, "before", op.hasBefore(), op);
        Image after = image(images, envelope, "after", op.hasAfter(), op);
        for (Image image : new @Nullable Image[] {before, after}) {
            if (image != null && !image.id().equals(id)) {
                throw new MalformedRecord("the key is not the id of the image");
            }
        }
        if (after != null && after.version() != version) {
            throw new MalformedRecord("after.version is not source.version");
        }
        if (before != null && before.version() >= version) {
            throw new MalformedRecord("before.version is not below source.version");
        }
        String eventType = source.matching("eventType", EVENT_TYPE, "the name of an event");
        return new Envelope(
                images.aggregate(),
                op,
                id,
                version,
                before,
                after,
                eventType,
                envelope.epochMillis("ts_ms"),
                new Envelope.Raw(
                        before == null ? null : envelope.node().get("before"),
                        after == null ? null : envelope.node().get("after"),
                        source.node()));
    }

    private static UUID readKey(byte @Nullable [] key) throws MalformedRecord {
        if (key == null) {
            throw new MalformedRecord("the record has no key");
        }
        String text = key.length == 36 ? new String(key, StandardCharsets.US_ASCII) : "";
        if (!Fields.UUID_TEXT.matcher(text).matches()) {
            throw new MalformedRecord("the key is not a UUID in plain text");
        }
        return UUID.fromString(text);
    }

    /** Returns the envelope from a value, which may be wrapped. */
    Fields envelope(byte[] value) throws MalformedRecord {
        return unwrapped(new Fields("value", parse(value)));
    }

    JsonNode parse(byte[] value) throws MalformedRecord {
        try {
            JsonNode node = json.readTree(value);
            if (node.isMissingNode()) {
                throw new MalformedRecord("the value is empty");
            }
            return node;
        } catch (JacksonException e) {
            var at = e.getLocation();
            throw new MalformedRecord(
                    "the value is not JSON that can be read" + (at == null ? "" : ", byte " + at.getByteOffset()));
        } catch (IOException e) {
            throw new MalformedRecord("the value is not JSON in UTF-8");
        } catch (NumberFormatException e) {
            // Jackson's parser of decimals throws it for an exponent of more than nine digits
            throw new MalformedRecord("the value has a number that nobody can hold");
        }
    }

    private static Fields unwrapped(Fields value) throws MalformedRecord {
        if (!value.node().isObject()) {
            throw new MalformedRecord("the value is not a JSON object");
        }
        boolean wrapped = value.node().has("payload") && !value.node().has("op");
        return wrapped ? value.object("payload") : value;
    }

    static Operation operation(String code) throws MalformedRecord {
        for (Operation op : Operation.values()) {
            if (op.code().equals(code)) {
                return op;
            }
        }
        throw new MalformedRecord("op is none of c, u, d, r");
    }

    private static @Nullable Image image(
            ImageReader images, Fields envelope, String name, boolean expected, Operation op) throws MalformedRecord {
        JsonNode node = envelope.node().get(name);
        boolean present = node != null && !node.isNull();
        if (present != expected) {
            throw new MalformedRecord(name + (expected ? " is missing" : " is not null") + " for op " + op.code());
        }
        return present ? images.read(envelope.object(name)) : null;
    }
}
