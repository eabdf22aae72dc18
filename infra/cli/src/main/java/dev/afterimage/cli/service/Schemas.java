package dev.afterimage.cli.service;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.cli.service.RestService.Answer;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Conversions;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.DecoderFactory;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * Reads Avro with the schemas of a registry. Each schema is requested once, by the <a
 * href="https://docs.confluent.io/platform/current/schema-registry/develop/api.html#schemas">API</a> that Confluent's
 * registry and Apicurio's have in common.
 */
public final class Schemas {

    /** The serializers of a registry write a zero byte and the schema's id, four bytes, before the value. */
    private static final int PREFIX = 5;
    /** Pause before the next request to a registry that did not answer, so that it does not delay every record. */
    private static final Duration NEXT_TRY = Duration.ofSeconds(5);

    /** The option with the registry's address. */
    public static final class Option {

        @CommandLine.Option(
                names = "--registry",
                paramLabel = "URL",
                description = "schema registry of Avro records, with Confluent's API (the pipeline's registry)")
        private @Nullable URI registry;

        public Schemas orOf(Ports ports) {
            return new Schemas(addressOrOf(ports));
        }

        /** The address of this option or of the pipeline's registry; null when there is neither. */
        public @Nullable URI addressOrOf(Ports ports) {
            return registry == null ? ports.registry() : registry;
        }
    }

    /** For a pipeline without a registry. */
    public static final Schemas NONE = new Schemas(null);

    private static final GenericData AVRO = new GenericData();

    static {
        // the limit of one value; without a limit, malformed bytes could request more memory than exists
        for (String limit : List.of("bytes", "string", "collectionItems")) {
            System.setProperty("org.apache.avro.limits." + limit + ".maxLength", Integer.toString(16 << 20));
        }
        AVRO.addLogicalTypeConversion(new Conversions.DecimalConversion());
    }

    private final @Nullable URI registry;
    private final Map<Integer, Found> found = new HashMap<>();

    /** A schema; or the reason why it is missing, and the time of the next request. */
    private record Found(@Nullable Schema schema, String why, Instant until) {}

    /** @param registry the base address of {@code schemas/ids/…}, or null without a registry */
    Schemas(@Nullable URI registry) {
        this.registry = registry;
    }

    /** Whether the bytes begin with the prefix of a registry's serializers; JSON never does. */
    static boolean named(byte[] bytes) {
        return bytes.length > PREFIX && bytes[0] == 0;
    }

    /**
     * Reads the Avro value and returns it as JSON.
     *
     * @throws IOException when the registry, the schema or the bytes prevent this; the message says which
     */
    JsonNode read(byte[] bytes, ObjectMapper json) throws IOException {
        int id = ByteBuffer.wrap(bytes, 1, 4).getInt();
        if (registry == null) {
            throw new IOException("of schema %d of a registry (--registry)".formatted(id));
        }
        Found schema = found.get(id);
        if (schema == null || Instant.now().isAfter(schema.until())) {
            schema = ask(registry, id);
            found.put(id, schema);
        }
        if (schema.schema() == null) {
            throw new IOException(schema.why());
        }
        try {
            var reader = new GenericDatumReader<Object>(schema.schema(), schema.schema(), AVRO);
            Object value =
                    reader.read(null, DecoderFactory.get().binaryDecoder(bytes, PREFIX, bytes.length - PREFIX, null));
            return json.readTree(AVRO.toString(value));
        } catch (IOException | RuntimeException | StackOverflowError e) {
            throw new IOException("not of schema %d of %s".formatted(id, registry), e);
        }
    }

    private static Found ask(URI registry, int id) {
        try {
            Answer answer = new RestService(registry).get(registry.getPath() + "/schemas/ids/" + id);
            if (answer.status() == 200) {
                return new Found(
                        new Schema.Parser().parse(answer.body().path("schema").asText()), "", Instant.MAX);
            }
            return none("of schema %d, which %s does not have: %s".formatted(id, registry, answer.reason()));
        } catch (AvroRuntimeException e) {
            return none("of schema %d of %s, which is not Avro on its own".formatted(id, registry));
        } catch (StackException e) {
            return none("of schema %d; no answer from %s".formatted(id, registry));
        }
    }

    private static Found none(String why) {
        return new Found(null, why, Instant.now().plus(NEXT_TRY));
    }
}
