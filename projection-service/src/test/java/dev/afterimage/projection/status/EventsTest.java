package dev.afterimage.projection.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.projection.EventStream;
import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import jakarta.inject.Inject;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

@QuarkusTest
class EventsTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    @Inject
    LiveEvents live;

    private final OrderEvents order = new OrderEvents();

    @Test
    void tellsWhatBecameOfEachRecord() throws Exception {
        try (var topic = new OrderTopic(bootstrapServers);
                var stream = new EventStream(URI.create("http://localhost:" + RestAssured.port))) {
            await().atMost(SOON).until(live::watched);
            topic.put(order.id, order.placed());
            topic.put(order.id, order.changed(2));
            topic.put(order.id, order.placed());
            topic.put(order.id, "no json");
            topic.put(order.id, order.deleted(3));
            topic.put(order.id, null);

            await().atMost(SOON).untilAsserted(() -> assertThat(stream.of(order.id.toString()))
                    .hasSize(6));
            List<JsonNode> events = stream.of(order.id.toString());
            assertThat(events)
                    .extracting(event ->
                            event.get("op").asText() + " " + event.get("effect").asText())
                    .containsExactly(
                            "c applied", "u applied", "c ignored", "null dead-letter", "d applied", "null ignored");
            JsonNode update = events.get(1);
            assertThat(update.get("topic").asText()).isEqualTo(OrderTopic.NAME);
            assertThat(update.get("offset").asLong())
                    .isEqualTo(events.getFirst().get("offset").asLong() + 1);
            assertThat(update.get("eventType").asText()).isEqualTo("OrderEvent");
            assertThat(update.get("version").asLong()).isEqualTo(2);
            assertThat(update.at("/before/status").asText()).isEqualTo("PENDING");
            assertThat(update.at("/after/status").asText()).isEqualTo("PAID");
            assertThat(update.at("/after/total").isTextual()).isTrue();
            assertThat(update.get("latencyMs").asLong()).isBetween(0L, 20_000L);
            assertThat(events.get(3).get("reason").asText()).startsWith("the value is not JSON");
            assertThat(stream.comments()).isNotEmpty();
        }
    }

    @Test
    void forgetsAWatcherThatLeft() throws Exception {
        try (var stream = new EventStream(URI.create("http://localhost:" + RestAssured.port))) {
            await().atMost(SOON).until(live::watched);
            assertThat(stream.comments()).isNotNull();
        }
        await().atMost(SOON).until(() -> !live.watched());
    }
}
