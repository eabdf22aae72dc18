package dev.afterimage.projection.web;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import dev.afterimage.projection.NamedEvents;
import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import io.apicurio.datamodels.Library;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import jakarta.inject.Inject;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Compares the OpenAPI document with the answers of the service. */
@QuarkusTest
class DocumentedTest {

    private static final JsonMapper JSON = new JsonMapper();
    private static final SchemaRegistry SCHEMAS = SchemaRegistry.withDefaultDialect(
            SpecificationVersion.DRAFT_2020_12,
            registry -> registry.schemaRegistryConfig(
                    SchemaRegistryConfig.builder().formatAssertionsEnabled(true).build()));
    private static final List<String> HEADERS = List.of("ETag", "Link", "Retry-After");

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    private ObjectNode document = JSON.createObjectNode();

    @BeforeEach
    void read() throws Exception {
        document = (ObjectNode)
                JSON.readTree(given().accept(ContentType.JSON).get("/q/openapi").asString());
    }

    @Test
    void answersAsDocumented() {
        var order = new OrderEvents();
        NamedEvents customer = NamedEvents.customer(UUID.randomUUID() + "@example.org");
        NamedEvents product = NamedEvents.product(UUID.randomUUID().toString());
        try (var topic = new OrderTopic(bootstrapServers)) {
            topic.putOn("customer.events", customer.id, customer.created("Ada"));
            topic.putOn("product.events", product.id, product.created("Lamp"));
            topic.put(order.id, order.placed().replace(order.customerId.toString(), customer.id.toString()));
            topic.put(order.id, order.changed(2).replace(order.customerId.toString(), customer.id.toString()));
        }
        check("/customers/{id}", "/customers/" + customer.id + "?minVersion=1&wait=20s", 200);
        check("/products/{id}", "/products/" + product.id + "?minVersion=1&wait=20s", 200);
        check("/orders/{id}", "/orders/" + order.id + "?minVersion=2&wait=20s", 200);
        check("/orders/{id}/history", "/orders/" + order.id + "/history?limit=1", 200);
        for (String list : List.of("/customers", "/products", "/orders")) {
            check(list, list + "?limit=1", 200);
            check(list, list + "?limit=x", 400);
            check(list + "/{id}", list + "/" + UUID.randomUUID(), 404);
            check(list + "/{id}", list + "/" + UUID.randomUUID() + "?minVersion=1&wait=0ms", 504);
        }
        check("/orders/{id}/history", "/orders/" + UUID.randomUUID() + "/history", 404);
        check("/orders/{id}", "/orders/" + order.id + "?minVersion=", 400);
        check("/orders/{id}", "/orders/" + order.id + "?minVersion=1&minVersion=9", 400);
        check("/orders/{id}", "/orders/" + order.id + "?minversion=9", 400);
        check("/stats", "/stats?limit=1", 400);
        check("/analytics", "/analytics", 200);
        check("/stats", "/stats", 200);
        check("/audit", "/audit", 200);
        check("/audit", "/audit?maxAge=long", 400);
        check("/audits/{id}", "/audits/" + given().get("/audit?maxAge=1h").path("id"), 200);
        check("/audits/{id}", "/audits/" + UUID.randomUUID(), 404);
    }

    @Test
    void namesAndDescribesEveryOperationAndParameter() {
        for (JsonNode operation : operations().toList()) {
            assertThat(operation.path("operationId").asText())
                    .as(operation.toString())
                    .isNotEmpty();
            assertThat(operation.path("summary").asText())
                    .as(operation.path("operationId").asText())
                    .isNotEmpty();
            for (JsonNode parameter : operation.path("parameters")) {
                assertThat(parameter.path("description").asText())
                        .as("%s %s", operation.path("operationId"), parameter.path("name"))
                        .isNotEmpty();
            }
        }
    }

    @Test
    void passesTheLinter() {
        ObjectNode linted = document.deepCopy();
        // the linter does not support the examples of OpenAPI 3.1
        linted.findParents("examples").forEach(parent -> ((ObjectNode) parent).remove("examples"));
        assertThat(Library.validate(Library.readDocument(linted), null))
                // unlike 3.0, OpenAPI 3.1 allows roles of a bearer token in the place of scopes
                .filteredOn(found -> !found.errorCode.equals("SREQ-002"))
                .extracting(found ->
                        "%s %s %s: %s".formatted(found.severity, found.errorCode, found.nodePath, found.message))
                .isEmpty();
    }

    private void check(String path, String address, int status) {
        Response response = given().urlEncodingEnabled(false).get(address);
        assertThat(response.statusCode())
                .as("%s: %s", address, response.asString())
                .isEqualTo(status);
        JsonNode documented =
                document.path("paths").path(path).path("get").path("responses").path(Integer.toString(status));
        for (String header : HEADERS) {
            JsonNode known = documented.path("headers").path(header);
            if (response.header(header) == null) {
                assertThat(known.path("required").asBoolean())
                        .as("%s of %s is missing", header, address)
                        .isFalse();
            } else {
                assertThat(known.isMissingNode())
                        .as("%s of %s is not documented", header, address)
                        .isFalse();
            }
        }
        String contentType = response.contentType().replaceFirst(";.*", "");
        JsonNode schema = documented.path("content").path(contentType).path("schema");
        assertThat(schema.isObject())
                .as("%s of %s is documented", contentType, path)
                .isTrue();
        assertValid(response.asString(), (ObjectNode) schema);
    }

    private void assertValid(String json, ObjectNode schema) {
        ObjectNode closed = schema.deepCopy();
        ObjectNode components = document.withObject("/components").deepCopy();
        // a client must ignore new members; in this test an undocumented member is an error
        for (var component : components.path("schemas").properties()) {
            if (component.getValue().has("properties")) {
                ((ObjectNode) component.getValue()).put("additionalProperties", false);
            }
        }
        closed.set("components", components);
        assertThat(SCHEMAS.getSchema(closed).validate(json, InputFormat.JSON))
                .as(json)
                .isEmpty();
    }

    private Stream<JsonNode> operations() {
        return document.path("paths").valueStream().flatMap(JsonNode::valueStream);
    }
}
