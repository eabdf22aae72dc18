package dev.afterimage.cli.service;

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
 * A record of a topic, parsed. Parsing never fails: a value that cannot be parsed is shown as text or bytes.
 *
 * @param kind the kind of the value
 * @param op {@code c}, {@code u}, {@code d}, {@code r}, {@code t} (truncate) as in a Debezium envelope; {@code tombstone};
 *     null if the record has no operation
 * @param key as text; for a JSON key with one field, the value of that field; null without a key
 * @param before the image before the change, or JSON null
 * @param after the image after the change, or JSON null; for a {@link Kind#ROW} the whole value
 * @param source the source of the envelope, or an empty object
 * @param committed when the source committed or wrote the change; null if the record does not say
 * @param text a malformed value as text, else null
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

    /** The kinds of a record's value. */
    public enum Kind {
        /** An envelope with an operation and images: the outbox's or Debezium's own. */
        CHANGE,
        /** No value: the key is gone. */
        TOMBSTONE,
        /** An object without an envelope, as ExtractNewRecordState leaves it. */
        ROW,
        /** Text, but not JSON. */
        TEXT,
        /** Bytes that are not text. */
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

    /** Reads a record of a pipeline without a schema registry. */
    public static Event of(ConsumerRecord<byte[], byte[]> record) {
        return of(record, Schemas.NONE);
    }

    /** Reads a record. */
    public static Event of(ConsumerRecord<byte[], byte[]> record, Schemas schemas) {
        String key = key(record.key(), schemas);
        byte[] value = record.value();
        if (value == null) {
            return plain(record, Kind.TOMBSTONE, "tombstone", key, null);
        }
        JsonNode json;
        try {
            json = parse(value, schemas);
        } catch (IOException e) {
            String text = utf8(value);
            return text == null || text.indexOf('\0') >= 0
                    ? plain(
                            record,
                            Kind.BINARY,
                            null,
                            key,
                            bytes(value, Schemas.named(value) ? ", " + e.getMessage() : ""))
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

    /** Reads a row that was written by {@link JsonNode#toString()}, with the same numbers. */
    public static JsonNode row(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static JsonNode parse(byte[] value, Schemas schemas) throws IOException {
        if (Schemas.named(value)) {
            return schemas.read(value, JSON);
        }
        JsonNode json = JSON.readTree(value);
        // JsonConverter writes an outbox's payload as a quoted string that contains the JSON
        return json.isTextual() && json.textValue().startsWith("{") ? JSON.readTree(json.textValue()) : json;
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

    /** For a change of a table, the time of the commit; for an outbox event, the time at which the service wrote it. */
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

    private static @Nullable String key(byte @Nullable [] bytes, Schemas schemas) {
        if (bytes == null) {
            return null;
        }
        if (bytes.length > 0 && (bytes[0] == '{' || bytes[0] == '"' || Schemas.named(bytes))) {
            try {
                JsonNode key = parse(bytes, schemas);
                JsonNode payload = key.has("payload") ? key.path("payload") : key;
                JsonNode only = payload.isObject() && payload.size() == 1
                        ? payload.iterator().next()
                        : payload;
                return only.isValueNode() ? only.asText() : only.toString();
            } catch (IOException e) {
                // neither JSON nor readable Avro: shown as bytes or text
            }
        }
        String text = utf8(bytes);
        return text == null ? bytes(bytes, "") : text;
    }

    private static String bytes(byte[] value, String why) {
        return "%d bytes%s: %s%s"
                .formatted(
                        value.length,
                        why,
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

    /** The headers; a header without a value becomes an empty string. */
    public Map<String, String> headers() {
        Map<String, String> headers = new LinkedHashMap<>();
        for (Header header : record.headers()) {
            String text = header.value() == null ? "" : utf8(header.value());
            headers.put(header.key(), text == null ? bytes(header.value(), "") : text);
        }
        return headers;
    }

    /** The table or aggregate that changed; for other records, the topic. */
    public String entity() {
        String table = source.path("table").asText(source.path("aggregate").asText(""));
        return table.isEmpty() ? record.topic() : table;
    }

    /** The event as one JSON object. */
    public ObjectNode toJson(@Nullable Long latencyMs) {
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
        return line;
    }
}
