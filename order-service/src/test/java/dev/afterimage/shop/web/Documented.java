package dev.afterimage.shop.web;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import dev.afterimage.shop.web.Calls.Call;
import io.apicurio.datamodels.Library;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The OpenAPI document of the running service, and checks of answers against the document. */
final class Documented {

    private static final ObjectMapper JSON = new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
    private static final SchemaRegistry SCHEMAS = SchemaRegistry.withDefaultDialect(
            SpecificationVersion.DRAFT_2020_12,
            registry -> registry.schemaRegistryConfig(
                    SchemaRegistryConfig.builder().formatAssertionsEnabled(true).build()));
    /** The headers of this API. Other headers, such as Content-Length, belong to HTTP and are not documented. */
    private static final List<String> HEADERS =
            List.of("Allow", "ETag", "Link", "Location", "Retry-After", "WWW-Authenticate");

    private final JsonNode document =
            read(given().accept(ContentType.JSON).get("/q/openapi").asString());

    /**
     * A documented answer of an operation.
     *
     * @param problem the name of its problem type; null if the operation succeeds
     */
    record Answer(String operationId, int status, @Nullable String problem) {

        /** The cause of the answer: the problem, otherwise the status. */
        String cause() {
            return problem == null ? Integer.toString(status) : problem;
        }

        @Override
        public String toString() {
            return operationId + " " + status + (problem == null ? "" : " " + problem);
        }
    }

    List<Answer> answers() {
        var answers = new ArrayList<Answer>();
        for (var operation : operations()) {
            for (var response : operation.node().at("/responses").properties()) {
                var id = operation.id();
                var status = Integer.parseInt(response.getKey());
                var problems = response.getValue().at("/content/application~1problem+json/examples");
                if (status < 400) {
                    answers.add(new Answer(id, status, null));
                }
                assertThat(problems.isEmpty())
                        .as("%s %d has examples of its problems", id, status)
                        .isEqualTo(status < 400);
                problems.fieldNames().forEachRemaining(problem -> answers.add(new Answer(id, status, problem)));
            }
        }
        return answers;
    }

    /** Fails unless the response has the documented form of this answer. */
    void check(Answer answer, Response response) {
        assertThat(response.statusCode()).as(response.asString()).isEqualTo(answer.status());
        var documented = operation(answer.operationId()).node().at("/responses/" + answer.status());
        for (var header : HEADERS) {
            if (response.header(header) == null) {
                assertThat(documented.at("/headers/" + header + "/required").asBoolean())
                        .as("%s is missing", header)
                        .isFalse();
            } else {
                assertThat(documented.at("/headers").has(header))
                        .as("%s is documented", header)
                        .isTrue();
            }
        }
        if (!documented.has("content")) {
            assertThat(response.asString()).isEmpty();
            return;
        }
        var content = documented.at("/content").properties().iterator().next();
        assertThat(response.contentType().replaceFirst(";.*", "")).isEqualTo(content.getKey());
        assertValid(response.asString(), content.getValue().at("/schema"));
        if (answer.problem() != null) {
            checkProblem(read(response.asString()), resolved(content.getValue().at("/examples/" + answer.problem())));
        }
    }

    private static void checkProblem(JsonNode problem, JsonNode example) {
        for (var member : List.of("type", "title", "status")) {
            assertThat(problem.at("/" + member)).isEqualTo(example.at("/value/" + member));
        }
        assertThat(names(example.at("/value")))
                .as("members shown by the example")
                .containsAll(names(problem));
        assertThat(problem.toString())
                .doesNotContainIgnoringCase("exception")
                .doesNotContain("dev.afterimage", "java.", "com.fasterxml", "select ", "insert ", "_key");
    }

    /** Fails unless the document allows this request body for the operation. */
    void checkBody(String operationId, String body) {
        assertValid(body, operation(operationId).node().at("/requestBody/content/application~1json/schema"));
    }

    /** Fails unless all examples conform to their schemas; returns the number of examples. */
    int checkExamples() {
        var examples = 0;
        for (var schema : document.at("/components/schemas").properties()) {
            for (var example : schema.getValue().at("/examples")) {
                assertValid(example.toString(), schema.getValue());
                examples++;
            }
        }
        for (var example : document.at("/components/examples")) {
            assertValid(example.at("/value").toString(), document.at("/components/schemas/Problem"));
            examples++;
        }
        return examples;
    }

    /** Fails if the linter reports anything, even at its lowest severity. */
    void lint() {
        var linted = (ObjectNode) document.deepCopy();
        // the linter does not support the examples of OpenAPI 3.1; see checkExamples
        linted.findParents("examples").forEach(parent -> ((ObjectNode) parent).remove("examples"));
        assertThat(Library.validate(Library.readDocument(linted), null))
                // unlike 3.0, OpenAPI 3.1 allows roles of a bearer token in the place of scopes
                .filteredOn(found -> !found.errorCode.equals("SREQ-002"))
                .extracting(found ->
                        "%s %s %s: %s".formatted(found.severity, found.errorCode, found.nodePath, found.message))
                .isEmpty();
    }

    private void assertValid(String json, JsonNode schema) {
        var closed = (ObjectNode) schema.deepCopy();
        var components = (ObjectNode) document.at("/components").deepCopy();
        // a client must ignore new fields; in this test an undocumented field is an error
        for (var component : components.at("/schemas").properties()) {
            if (component.getValue().has("properties") && !component.getKey().equals("Problem")) {
                ((ObjectNode) component.getValue()).put("additionalProperties", false);
            }
        }
        closed.set("components", components);
        assertThat(SCHEMAS.getSchema(closed).validate(json, InputFormat.JSON))
                .as(json)
                .isEmpty();
    }

    /** A call of the operation with a random id. */
    Call call(String operationId) {
        var operation = operation(operationId);
        var call = Call.of(
                operation.method(),
                operation.path().replaceAll("\\{[^}]*}", UUID.randomUUID().toString()));
        return operation.node().has("requestBody") ? call.body("{}") : call;
    }

    private record Operation(String method, String path, JsonNode node) {

        String id() {
            return node.at("/operationId").asText();
        }
    }

    private List<Operation> operations() {
        return document.at("/paths")
                .propertyStream()
                .flatMap(path -> path.getValue()
                        .propertyStream()
                        .map(operation -> new Operation(
                                operation.getKey().toUpperCase(Locale.ROOT), path.getKey(), operation.getValue())))
                .toList();
    }

    private Operation operation(String id) {
        return operations().stream()
                .filter(operation -> operation.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private JsonNode resolved(JsonNode node) {
        return node.has("$ref") ? document.at(node.at("/$ref").asText().substring(1)) : node;
    }

    private static Set<String> names(JsonNode object) {
        return object.propertyStream().map(Map.Entry::getKey).collect(Collectors.toSet());
    }

    /** Refuses a duplicate name in an object. */
    private static JsonNode read(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new AssertionError(json, e);
        }
    }
}
