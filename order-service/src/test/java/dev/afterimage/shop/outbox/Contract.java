package dev.afterimage.shop.outbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.afterimage.devservices.testing.PublishedEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The contract that both services test against, as the files in connectors/contract. */
final class Contract {

    private static final Path FOLDER = Path.of("../connectors/contract");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, Schema> SCHEMAS = new ConcurrentHashMap<>();
    private static final String DOCUMENT = "contract:/asyncapi.yaml#/components/";
    private static final SchemaRegistry MESSAGES = SchemaRegistry.withDefaultDialect(
            SpecificationVersion.DRAFT_2020_12, registry -> registry.schemas(Contract::text));

    private Contract() {}

    /** The violations of the aggregate's schema by the event; empty if the event is valid. */
    static List<Error> violations(String aggregate, JsonNode event) {
        return SCHEMAS.computeIfAbsent(aggregate, Contract::schema).validate(event.toString(), InputFormat.JSON);
    }

    /** The violations of the AsyncAPI message by headers, value and key of the record; empty if the record is valid. */
    static List<Error> violations(PublishedEvent event) {
        var message =
                "messages/" + (event.value() == null ? event.type().replace("Deleted", "Tombstone") : event.type());
        return Stream.of(
                        invalid(message + "/headers", JSON.valueToTree(event.headers())),
                        invalid(message + "/payload", event.json()),
                        invalid("messageBindings/aggregateId/kafka/key", TextNode.valueOf(event.aggregateId())))
                .flatMap(List::stream)
                .toList();
    }

    /** All event types in the schema of the aggregate. */
    static Set<String> eventTypes(String aggregate) {
        var types = read(FOLDER.resolve(aggregate + ".schema.json")).at("/properties/source/properties/eventType/enum");
        return StreamSupport.stream(types.spliterator(), false)
                .map(JsonNode::textValue)
                .collect(Collectors.toSet());
    }

    /** The example records of the aggregate, each with topic, key, headers and value. */
    static List<JsonNode> examples(String aggregate) {
        try (var files = Files.list(FOLDER.resolve(aggregate))) {
            return files.sorted().map(Contract::read).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Error> invalid(String component, JsonNode value) {
        return MESSAGES.getSchema(SchemaLocation.of(DOCUMENT + component)).validate(value.toString(), InputFormat.JSON);
    }

    private static Schema schema(String aggregate) {
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(read(FOLDER.resolve(aggregate + ".schema.json")));
    }

    private static String text(String iri) {
        try {
            return Files.readString(FOLDER.resolve(iri.substring("contract:/".length())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode read(Path file) {
        try {
            return JSON.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
