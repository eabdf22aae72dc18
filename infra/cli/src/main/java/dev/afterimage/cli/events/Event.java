package dev.afterimage.cli.events;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * A record of a topic as what it is. Reading one never fails: what cannot be understood is text or bytes.
 *
 * @param kind what the value turned out to be
 * @param op {@code c}, {@code u}, {@code d}, {@code r}, {@code t} (truncate) as in a Debezium envelope; {@code tombstone};
 *     null where the record tells of none
 * @param key as text: of a JSON key with one field, that field; null where there is none
 * @param before the image before the change, or JSON's null
 * @param after the image after it, or JSON's null; of a {@link Kind#ROW} the whole value
 * @param source the envelope's, or an empty object
 * @param committed when the source committed or wrote it; null where the record does not say
 * @param text what a malformed value looks like, else null
 */
public record Event(
        ConsumerRecord<byte[], byte[]> record,
        Kind kind,
        @Nullable String op,
        @Nullable String key,
        JsonNode before,
        JsonNode after,
        JsonNode source,
        @Nullable Instant committed,
        @Nullable String text) {

    /** What a record's value is. */
    public enum Kind {
        /** An envelope with an operation and images: the outbox's or Debezium's own. */
        CHANGE,
        /** No value: the key is gone. */
        TOMBSTONE,
        /** JSON without an envelope, as ExtractNewRecordState leaves it. */
        ROW,
        /** Text, but not JSON. */
        TEXT,
        /** Not even text. */
        BINARY
    }

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
            .build();
    private static final JsonNode NULL = NullNode.getInstance();
    private static final JsonNode EMPTY = JSON.createObjectNode();
    private static final int BYTES_SHOWN = 32;
    /** A registry's serializers put a zero and the schema's number, four bytes, before the value. */
    private static final int SCHEMA_PREFIX = 5;

    /** Reads a record. */
    public static Event of(ConsumerRecord<byte[], byte[]> record) {
        String key = key(record.key());
        byte[] value = record.value();
        if (value == null) {
            return plain(record, Kind.TOMBSTONE, "tombstone", key, null);
        }
        JsonNode json;
        try {
            json = JSON.readTree(value);
            if (json.isTextual() && json.textValue().startsWith("{")) {
                // what JsonConverter makes of an outbox's payload: the same JSON once more, in quotes
                json = JSON.readTree(json.textValue());
            }
        } catch (IOException e) {
            String text = utf8(value);
            return text == null || text.indexOf('\0') >= 0
                    ? plain(record, Kind.BINARY, null, key, bytes(value))
                    : plain(record, Kind.TEXT, null, key, text);
        }
        if (json.isMissingNode()) {
            return plain(record, Kind.TEXT, null, key, "");
        }
        if (json.has("schema") && json.has("payload")) {
            json = json.path("payload");
        }
        if (json.isNull()) {
            return plain(record, Kind.TOMBSTONE, "tombstone", key, null);
        }
        if (!json.isObject()) {
            return plain(record, Kind.TEXT, null, key, json.toString());
        }
        return object(record, key, json);
    }

    private static Event object(ConsumerRecord<byte[], byte[]> record, @Nullable String key, JsonNode json) {
        JsonNode before = image(json, "before");
        JsonNode after = image(json, "after");
        String op = json.path("op").isTextual() ? json.path("op").textValue() : null;
        if (op != null && (json.has("before") || json.has("after") || op.equals("t"))) {
            JsonNode source = json.path("source").isObject() ? json.path("source") : EMPTY;
            return new Event(record, Kind.CHANGE, op, key, before, after, source, committed(json), null);
        }
        String unwrapped = json.path("__op").isTextual() ? json.path("__op").textValue() : null;
        return new Event(record, Kind.ROW, unwrapped, key, NULL, json, EMPTY, null, null);
    }

    private static JsonNode image(JsonNode envelope, String name) {
        JsonNode image = envelope.path(name);
        return image.isMissingNode() ? NULL : image;
    }

    /** Of a table's change the commit, of an outbox event the moment the service wrote it. */
    private static @Nullable Instant committed(JsonNode envelope) {
        JsonNode commit = envelope.path("source").path("ts_ms");
        JsonNode millis = commit.isIntegralNumber() ? commit : envelope.path("ts_ms");
        return millis.isIntegralNumber() && millis.canConvertToLong() ? Instant.ofEpochMilli(millis.asLong()) : null;
    }

    private static Event plain(
            ConsumerRecord<byte[], byte[]> record,
            Kind kind,
            @Nullable String op,
            @Nullable String key,
            @Nullable String text) {
        return new Event(record, kind, op, key, NULL, NULL, EMPTY, null, text);
    }

    private static @Nullable String key(byte @Nullable [] bytes) {
        if (bytes == null) {
            return null;
        }
        if (bytes.length > 0 && (bytes[0] == '{' || bytes[0] == '"')) {
            try {
                JsonNode key = JSON.readTree(bytes);
                JsonNode payload = key.has("payload") ? key.path("payload") : key;
                JsonNode only = payload.isObject() && payload.size() == 1
                        ? payload.iterator().next()
                        : payload;
                return only.isValueNode() ? only.asText() : only.toString();
            } catch (IOException e) {
                // no JSON after all: shown as it is
            }
        }
        String text = utf8(bytes);
        return text == null ? bytes(bytes) : text;
    }

    private static String bytes(byte[] value) {
        String registered = value.length > SCHEMA_PREFIX && value[0] == 0
                ? ", of a registry's schema " + ByteBuffer.wrap(value, 1, 4).getInt() + " by its first bytes"
                : "";
        return "%d bytes%s: %s%s"
                .formatted(
                        value.length,
                        registered,
                        HexFormat.ofDelimiter(" ").formatHex(value, 0, Math.min(value.length, BYTES_SHOWN)),
                        value.length > BYTES_SHOWN ? " …" : "");
    }

    private static @Nullable String utf8(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    /** The headers, those without a value as an empty text. */
    public Map<String, String> headers() {
        Map<String, String> headers = new LinkedHashMap<>();
        for (Header header : record.headers()) {
            String text = header.value() == null ? "" : utf8(header.value());
            headers.put(header.key(), text == null ? bytes(header.value()) : text);
        }
        return headers;
    }

    /** The table or aggregate that changed; of anything else the topic. */
    public String entity() {
        String table = source.path("table").asText(source.path("aggregate").asText(""));
        return table.isEmpty() ? record.topic() : table;
    }

    /** One JSON object on one line. */
    public String toJson(@Nullable Long latencyMs) {
        ObjectNode line = JSON.createObjectNode();
        line.put("topic", record.topic());
        line.put("partition", record.partition());
        line.put("offset", record.offset());
        line.put("timestamp", Instant.ofEpochMilli(record.timestamp()).toString());
        line.put("kind", kind.name().toLowerCase(Locale.ROOT));
        line.put("op", op);
        line.put("key", key);
        ObjectNode headers = line.putObject("headers");
        headers().forEach(headers::put);
        line.set("before", before);
        line.set("after", after);
        line.set("source", source);
        line.put("committed", committed == null ? null : committed.toString());
        line.put("latencyMs", latencyMs);
        if (text != null) {
            line.put("text", text);
        }
        try {
            return JSON.writeValueAsString(line);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
