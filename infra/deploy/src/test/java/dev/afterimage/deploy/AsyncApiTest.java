package dev.afterimage.deploy;

import static dev.afterimage.deploy.Repository.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.StringEntry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The AsyncAPI document against the topics, the connector, the example records and the services' code. */
class AsyncApiTest {

    private static final Path CONTRACT = Repository.file("connectors/contract");
    private static final JsonNode DOCUMENT =
            Repository.yaml(CONTRACT.resolve("asyncapi.yaml")).getFirst();

    private static final String FOLDER = "contract:/";
    private static final SchemaRegistry SCHEMAS = SchemaRegistry.withDefaultDialect(
            SpecificationVersion.DRAFT_2020_12,
            registry -> registry.schemas(iri -> text(CONTRACT.resolve(iri.substring(FOLDER.length())))));

    @Test
    void obeysTheSchemaOfAsyncApi() {
        Path file = Path.of("target/schemas/asyncapi.json");
        assumeTrue(
                Files.exists(file),
                "The AsyncAPI document is not held against its schema: registry.npmjs.org, which has it, did not answer.");
        var schema =
                SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_7).getSchema(Repository.json(file));
        assertThat(schema.validate(DOCUMENT.toString(), InputFormat.JSON)).isEmpty();
    }

    @Test
    void everyReferenceLeadsToAValue() {
        assertThat(DOCUMENT.findValuesAsText("$ref")).isNotEmpty().allSatisfy(reference -> {
            String[] parts = reference.split("#", -1);
            JsonNode target = parts[0].isEmpty() ? DOCUMENT : Repository.json(CONTRACT.resolve(parts[0]));
            assertThat(parts.length == 1 || !target.at(parts[1]).isMissingNode())
                    .as(reference)
                    .isTrue();
        });
    }

    @Test
    void describesTheTopicsOfEventsAndOfTheirDeadLettersAsTheyAreCreated() {
        Map<String, JsonNode> created = Repository.json(Repository.file("connectors/topics.json")).properties().stream()
                .filter(topic -> topic.getKey().matches("[a-z]+\\.events(\\.dlq)?"))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        assertThat(channels().collect(Collectors.toMap(AsyncApiTest::address, AsyncApiTest::creation)))
                .isEqualTo(created);
    }

    @ParameterizedTest
    @ValueSource(strings = {"order", "customer", "product"})
    void eachExampleRecordIsOneMessageOfItsTopic(String aggregate) throws IOException {
        Map<String, JsonNode> messages = channels()
                .filter(channel -> address(channel).equals(aggregate + ".events"))
                .flatMap(channel -> channel.path("messages").properties().stream())
                .collect(Collectors.toMap(Map.Entry::getKey, message -> resolved(message.getValue())));
        Set<String> shown = new TreeSet<>();
        for (Path file : files(CONTRACT.resolve(aggregate))) {
            JsonNode example = Repository.json(file);
            String name = messageName(example);
            assertThat(messages).as(file.toString()).containsKey(name);
            messages.forEach((other, message) -> {
                if (other.equals(name)) {
                    assertThat(violations(other, example)).as(file.toString()).isEmpty();
                    assertThat(text(message, "/name")).isEqualTo(name);
                    assertThat(message.at("/examples/0").findValuesAsText("$ref"))
                            .containsExactly(references(file, example));
                } else {
                    assertThat(violations(other, example))
                            .as("%s as %s", file, other)
                            .isNotEmpty();
                }
            });
            shown.add(name);
        }
        assertThat(shown).isEqualTo(messages.keySet());
    }

    @Test
    void declaresTheHeadersThatTheConnectorPlaces() {
        String placement = Repository.json(Repository.file("connectors/order-outbox.json"))
                .path("transforms.outbox.table.fields.additional.placement")
                .asText();
        // column:header:name
        Stream<String> placed = Stream.of(placement.split(",", -1)).map(each -> each.split(":", -1)[2]);
        assertThat(Repository.names(DOCUMENT.at("/components/schemas/eventHeaders/properties")))
                .containsExactlyInAnyOrderElementsOf(
                        Stream.concat(Stream.of("id"), placed).toList());
    }

    @Test
    void declaresTheHeadersThatDeadLettersHave() throws IOException {
        Set<String> headers = new TreeSet<>();
        for (Path file : Repository.classes("projection-service")) {
            ClassFile.of().parse(file).constantPool().forEach(constant -> {
                if (constant instanceof StringEntry text && text.stringValue().startsWith("dead-letter-")) {
                    headers.add(text.stringValue());
                }
            });
        }
        assertThat(Repository.names(DOCUMENT.at("/components/schemas/deadLetterHeaders/properties")))
                .containsExactlyInAnyOrderElementsOf(headers);
        assertThat(invalid(
                        "/components/schemas/deadLetterHeaders",
                        DOCUMENT.at("/components/messages/DeadLetter/examples/0/headers")))
                .isEmpty();
    }

    @Test
    void projectionServiceReceivesWhatItsFeedReads() {
        String group = Settings.value("projection-service", "prod", "feed.group-id");
        List<JsonNode> received = operations("receive").toList();
        assertThat(received)
                .extracting(operation -> address(resolved(operation.path("channel"))))
                .containsExactlyInAnyOrderElementsOf(Settings.feedTopics());
        assertThat(received)
                .extracting(operation -> text(resolved(operation.path("bindings")), "/kafka/groupId/const"))
                .containsOnly(group);
    }

    @Test
    void oneServiceSendsToEachChannel() {
        assertThat(operations("send")
                        .collect(Collectors.toMap(
                                operation -> address(resolved(operation.path("channel"))),
                                operation -> text(operation, "/tags/0/name"))))
                .isEqualTo(channels()
                        .map(AsyncApiTest::address)
                        .collect(Collectors.toMap(
                                topic -> topic,
                                topic -> topic.endsWith(".dlq") ? "projection-service" : "order-service")));
    }

    private static Stream<JsonNode> channels() {
        return DOCUMENT.path("channels").properties().stream().map(Map.Entry::getValue);
    }

    private static Stream<JsonNode> operations(String action) {
        return DOCUMENT.path("operations").properties().stream()
                .map(Map.Entry::getValue)
                .filter(operation -> text(operation, "/action").equals(action));
    }

    private static String address(JsonNode channel) {
        return text(channel, "/address");
    }

    /** The channel's Kafka binding in the form of topics.json. */
    private static JsonNode creation(JsonNode channel) {
        JsonNode kafka = resolved(channel.path("bindings")).path("kafka");
        ObjectNode creation = Repository.JSON.createObjectNode();
        creation.set("partitions", kafka.path("partitions"));
        ObjectNode config = creation.putObject("config");
        kafka.path("topicConfiguration")
                .properties()
                .forEach(setting ->
                        config.put(setting.getKey(), setting.getValue().asText()));
        return creation;
    }

    /** The event type, and for the tombstone behind OrderDeleted OrderTombstone. */
    private static String messageName(JsonNode example) {
        String type = text(example, "/headers/eventType");
        return example.path("value").isNull() ? type.replace("Deleted", "Tombstone") : type;
    }

    /** How the message shows the record; a tombstone has no value to refer to. */
    private static String[] references(Path file, JsonNode example) {
        return Stream.of("headers", "value")
                .filter(part -> !example.path(part).isNull())
                .map(part -> CONTRACT.relativize(file) + "#/" + part)
                .toArray(String[]::new);
    }

    /** Where the record's headers, value and key break the message's schemas. */
    private static List<String> violations(String message, JsonNode example) {
        String pointer = "/components/messages/" + message;
        String bindings = DOCUMENT.at(pointer + "/bindings/$ref").asText().substring(1);
        return Stream.of(
                        invalid(pointer + "/headers", example.path("headers")),
                        invalid(pointer + "/payload", example.path("value")),
                        invalid(bindings + "/kafka/key", example.path("key")))
                .flatMap(List::stream)
                .toList();
    }

    /** Where the value breaks the schema at that place of the document. */
    private static List<String> invalid(String pointer, JsonNode value) {
        return SCHEMAS
                .getSchema(SchemaLocation.of(FOLDER + "asyncapi.yaml#" + pointer))
                .validate(value.toString(), InputFormat.JSON)
                .stream()
                .map(String::valueOf)
                .toList();
    }

    /** What a reference within the document leads to. */
    private static JsonNode resolved(JsonNode reference) {
        return DOCUMENT.at(text(reference, "/$ref").substring(1));
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }
}
