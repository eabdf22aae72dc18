package dev.afterimage.projection.change;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a record of {@code order.events}, bare or wrapped as {@code {"schema":…,"payload":{…}}}.
 *
 * <p>Strict in every value that is kept, so that what leaves here always fits the tables; fields it does not know are
 * passed over, so that the producer may add some.
 */
@ApplicationScoped
public class EnvelopeReader {

    private static final Pattern UUID_TEXT = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    private static final Pattern MONEY = Pattern.compile("[0-9]{1,17}\\.[0-9]{2}");
    private static final Pattern CURRENCY = Pattern.compile("[A-Z]{3}");
    private static final Pattern EVENT_TYPE = Pattern.compile("[A-Za-z][A-Za-z0-9]{0,99}");
    private static final Pattern UTC =
            Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?Z");
    private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999Z");

    private final ObjectReader json;

    public EnvelopeReader() {
        var mapper = JsonMapper.builder()
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
                .build();
        mapper.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(100).build());
        json = mapper.readerFor(JsonNode.class);
    }

    /**
     * Reads one record.
     *
     * @throws MalformedRecord when key or value break the contract; the record can then only be set aside
     */
    public Change read(byte @Nullable [] key, byte @Nullable [] value) throws MalformedRecord {
        UUID id = readKey(key);
        if (value == null) {
            return new Tombstone(id);
        }
        Fields envelope = unwrapped(new Fields("value", parse(value)));
        Operation op = operation(envelope.text("op"));
        Fields source = envelope.object("source");
        if (!source.text("aggregate").equals("order")) {
            throw new MalformedRecord("source.aggregate is not order");
        }
        long version = source.version("version");
        OrderImage before = image(envelope, "before", op.hasBefore(), op);
        OrderImage after = image(envelope, "after", op.hasAfter(), op);
        for (OrderImage image : new @Nullable OrderImage[] {before, after}) {
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
        return new Envelope(op, id, version, before, after, eventType, envelope.epochMillis("ts_ms"));
    }

    private static UUID readKey(byte @Nullable [] key) throws MalformedRecord {
        if (key == null) {
            throw new MalformedRecord("the record has no key");
        }
        String text = key.length == 36 ? new String(key, StandardCharsets.US_ASCII) : "";
        if (!UUID_TEXT.matcher(text).matches()) {
            throw new MalformedRecord("the key is not a UUID in plain text");
        }
        return UUID.fromString(text);
    }

    private JsonNode parse(byte[] value) throws MalformedRecord {
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
        }
    }

    private static Fields unwrapped(Fields value) throws MalformedRecord {
        if (!value.node().isObject()) {
            throw new MalformedRecord("the value is not a JSON object");
        }
        boolean wrapped = value.node().has("payload") && !value.node().has("op");
        return wrapped ? value.object("payload") : value;
    }

    private static Operation operation(String code) throws MalformedRecord {
        for (Operation op : Operation.values()) {
            if (op.code().equals(code)) {
                return op;
            }
        }
        throw new MalformedRecord("op is none of c, u, d, r");
    }

    private static @Nullable OrderImage image(Fields envelope, String name, boolean expected, Operation op)
            throws MalformedRecord {
        JsonNode node = envelope.node().get(name);
        boolean present = node != null && !node.isNull();
        if (present != expected) {
            throw new MalformedRecord(name + (expected ? " is missing" : " is not null") + " for op " + op.code());
        }
        return present ? image(envelope.object(name)) : null;
    }

    private static OrderImage image(Fields image) throws MalformedRecord {
        JsonNode lines = image.node().path("items");
        if (!lines.isArray() || lines.isEmpty()) {
            throw new MalformedRecord(image.path("items") + " is not a list of at least one item");
        }
        List<OrderImage.Item> items = new ArrayList<>(lines.size());
        for (JsonNode line : lines) {
            var item = new Fields(image.path("items[" + items.size() + "]"), line);
            if (!line.isObject()) {
                throw new MalformedRecord(item.path() + " is not an object");
            }
            items.add(new OrderImage.Item(
                    item.uuid("productId"),
                    item.quantity("quantity"),
                    item.money("unitPrice"),
                    item.money("lineTotal")));
        }
        return new OrderImage(
                image.uuid("id"),
                image.uuid("customerId"),
                image.status("status"),
                image.matching("currency", CURRENCY, "three capital letters"),
                image.money("total"),
                items,
                image.instant("createdAt"),
                image.instant("updatedAt"),
                image.version("version"));
    }

    /** The fields of one JSON object and where it stands, so that a reason can name the field. */
    private record Fields(String path, JsonNode node) {

        String path(String name) {
            return path.equals("value") || path.equals("payload") ? name : path + "." + name;
        }

        private MalformedRecord wrong(String name, String expectation) {
            return new MalformedRecord(path(name) + (node.has(name) ? " is not " + expectation : " is missing"));
        }

        Fields object(String name) throws MalformedRecord {
            JsonNode object = node.path(name);
            if (!object.isObject()) {
                throw wrong(name, "an object");
            }
            return new Fields(path(name), object);
        }

        String text(String name) throws MalformedRecord {
            JsonNode text = node.path(name);
            if (!text.isTextual()) {
                throw wrong(name, "a string");
            }
            return text.textValue();
        }

        String matching(String name, Pattern pattern, String expectation) throws MalformedRecord {
            String text = text(name);
            if (!pattern.matcher(text).matches()) {
                throw wrong(name, expectation);
            }
            return text;
        }

        UUID uuid(String name) throws MalformedRecord {
            return UUID.fromString(matching(name, UUID_TEXT, "a UUID"));
        }

        BigDecimal money(String name) throws MalformedRecord {
            return new BigDecimal(matching(name, MONEY, "an amount like 59.80"));
        }

        OrderStatus status(String name) throws MalformedRecord {
            try {
                return OrderStatus.valueOf(text(name));
            } catch (IllegalArgumentException e) {
                throw wrong(name, "a status of an order");
            }
        }

        Instant instant(String name) throws MalformedRecord {
            try {
                Instant instant = Instant.parse(matching(name, UTC, "a time in UTC"));
                if (instant.isBefore(FIRST)) {
                    throw wrong(name, "a time in UTC");
                }
                return instant;
            } catch (DateTimeException e) {
                throw wrong(name, "a time in UTC");
            }
        }

        long version(String name) throws MalformedRecord {
            return integer(name, 1, Long.MAX_VALUE, "a whole number from 1");
        }

        int quantity(String name) throws MalformedRecord {
            return (int) integer(name, 1, Integer.MAX_VALUE, "a whole number from 1 to 2147483647");
        }

        Instant epochMillis(String name) throws MalformedRecord {
            return Instant.ofEpochMilli(integer(name, 0, LAST.toEpochMilli(), "a time in epoch milliseconds"));
        }

        private long integer(String name, long least, long most, String expectation) throws MalformedRecord {
            JsonNode number = node.path(name);
            if (!number.isIntegralNumber() || !number.canConvertToLong()) {
                throw wrong(name, expectation);
            }
            long value = number.longValue();
            if (value < least || value > most) {
                throw wrong(name, expectation);
            }
            return value;
        }
    }
}
