package dev.afterimage.projection;

import static io.restassured.RestAssured.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.restassured.RestAssured;
import java.net.URI;
import java.time.Duration;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The built service as it is shipped, jar or native executable. */
@QuarkusIntegrationTest
@QuarkusTestResource(StackResource.class)
class ProjectionIT {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final OrderEvents order = new OrderEvents();

    @Test
    void projectsAnOrderFromItsFirstEventToItsLast() throws Exception {
        String bootstrapServers = ConfigProvider.getConfig().getValue("kafka.bootstrap.servers", String.class);
        await().atMost(SOON).untilAsserted(() -> get("/q/health/ready").then().statusCode(200));
        try (var topic = new OrderTopic(bootstrapServers);
                var stream = new EventStream(URI.create("http://localhost:" + RestAssured.port))) {
            topic.put(order.id, order.placed());
            awaitVersion(1);
            topic.put(order.id, order.changed(2));
            awaitVersion(2);
            get("/orders/{id}", order.id)
                    .then()
                    .header("ETag", "\"2\"")
                    .body("total", equalTo("59.80"))
                    .body("cdc.operation", equalTo("u"));
            var malformed = topic.put(order.id, "no json");
            topic.put(order.id, order.deleted(3));
            topic.put(order.id, null);
            await().atMost(SOON).untilAsserted(() -> get("/orders/{id}", order.id)
                    .then()
                    .statusCode(404)
                    .contentType("application/problem+json"));

            assertThat(topic.deadLettersOf(malformed)).hasSize(1);
            await().atMost(SOON).untilAsserted(() -> assertThat(stream.of(order.id.toString()))
                    .extracting(event -> event.get("effect").asText())
                    .containsExactly("applied", "applied", "dead-letter", "applied", "ignored"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "lz4", "snappy", "zstd"})
    void readsWhateverCodecAProducerChose(String codec) {
        String bootstrapServers = ConfigProvider.getConfig().getValue("kafka.bootstrap.servers", String.class);
        try (var topic = new OrderTopic(bootstrapServers, codec)) {
            topic.put(order.id, order.placed());
            awaitVersion(1);
        }
    }

    private void awaitVersion(int version) {
        await().atMost(SOON)
                .untilAsserted(() ->
                        get("/orders/{id}", order.id).then().statusCode(200).body("version", equalTo(version)));
    }
}
