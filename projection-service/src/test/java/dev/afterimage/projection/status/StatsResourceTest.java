package dev.afterimage.projection.status;

import static io.restassured.RestAssured.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.afterimage.projection.NamedEvents;
import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import dev.afterimage.projection.change.TopicReader;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import jakarta.inject.Inject;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

@QuarkusTest
class StatsResourceTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final List<String> COUNTS = List.of("creates", "updates", "deletes", "snapshots", "rows");

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    @Inject
    TopicReader reader;

    @Test
    void countsEventsAndRows() {
        JsonPath before = stats();
        var one = new OrderEvents();
        var other = new OrderEvents();
        var product = NamedEvents.product(UUID.randomUUID().toString());
        try (var topic = new OrderTopic(bootstrapServers)) {
            topic.put(one.id, one.placed());
            topic.put(one.id, one.changed(2));
            topic.put(one.id, one.changed(3));
            topic.put(one.id, one.deleted(4));
            topic.put(one.id, null);
            topic.put(other.id, other.placed());
            topic.put(other.id, other.placed()); // arrived twice, hence counted twice
            topic.put(other.id, other.snapshot(2));
            topic.putOn("product.events", product.id, product.created("Lamp"));
        }
        get("/orders/{id}?minVersion=4&wait=20s", one.id).then().statusCode(404);
        get("/orders/{id}?minVersion=2&wait=20s", other.id).then().statusCode(200);
        get("/products/{id}?minVersion=1&wait=20s", product.id).then().statusCode(200);

        JsonPath after = stats();
        assertThat(grown("order", before, after)).isEqualTo(List.of(3, 2, 1, 1, 1));
        assertThat(grown("product", before, after)).isEqualTo(List.of(1, 0, 0, 0, 1));
        assertThat(grown("customer", before, after)).isEqualTo(List.of(0, 0, 0, 0, 0));
        assertThat(after.getLong("latency.count") - before.getLong("latency.count"))
                .as("events that were news")
                .isEqualTo(7);
        assertThat(after.getDouble("latency.p50Ms")).isPositive().isLessThanOrEqualTo(after.getDouble("latency.p90Ms"));
        assertThat(after.getDouble("latency.p90Ms")).isLessThanOrEqualTo(after.getDouble("latency.p99Ms"));
        assertThat(after.getMap("stages").keySet())
                .containsExactly("commit-to-connect", "connect-to-visible", "visible-to-applied");
        assertThat(after.getInt("stages.'visible-to-applied'.count")
                        - before.getInt("stages.'visible-to-applied'.count"))
                .isEqualTo(7);
        assertThat(after.getDouble("stages.'visible-to-applied'.p50Ms"))
                .isPositive()
                .isLessThanOrEqualTo(after.getDouble("stages.'visible-to-applied'.p99Ms"));
    }

    @Test
    void theCountsGrowAsTheLogDoes() {
        // other tests drop days of the log, whose events stay counted
        String before = countsMinusLoggedEvents();
        long placed = stats().getLong("aggregates.order.creates");
        var order = new OrderEvents();
        try (var topic = new OrderTopic(bootstrapServers)) {
            topic.put(order.id, order.placed());
        }
        get("/orders/{id}?minVersion=1&wait=20s", order.id).then().statusCode(200);
        assertThat(countsMinusLoggedEvents()).isEqualTo(before);
        assertThat(stats().getLong("aggregates.order.creates")).isEqualTo(placed + 1);
    }

    /** The counted events minus the events in the log, by kind. */
    private static String countsMinusLoggedEvents() {
        return Database.ofService().value("""
                select string_agg(format('%s %s %s', source_table, operation, s.events - coalesce(counted.events, 0)), ','
                                  order by source_table, operation)
                  from (select source_table, operation, count(*) as events
                          from cdc_raw.cdc_events
                         group by source_table, operation) as counted
                  full join cdc_raw.cdc_statistics s using (source_table, operation)
                """);
    }

    @Test
    void tellsWhereEachPartitionStandsAndThatItLagsNoMore() throws IOException {
        JsonNode created = new JsonMapper().readTree(new File("../connectors/topics.json"));
        int partitions = reader.topics().stream()
                .mapToInt(topic -> created.path(topic).path("partitions").asInt())
                .sum();
        var order = new OrderEvents();
        RecordMetadata last;
        try (var topic = new OrderTopic(bootstrapServers)) {
            last = topic.put(order.id, order.placed());
        }
        String partition = "feed.partitions.find { it.topic == '%s' && it.partition == %d }."
                .formatted(OrderTopic.NAME, last.partition());

        await().atMost(SOON).untilAsserted(() -> get("/stats")
                .then()
                .body("feed.state", equalTo("FOLLOWING"))
                .body("feed.lag", equalTo(0))
                .body("feed.partitions.size()", equalTo(partitions))
                .body("feed.partitions.lag", everyItem(equalTo(0)))
                .body(partition + "position", greaterThan((int) last.offset()))
                .body(partition + "end", greaterThan((int) last.offset())));
        get("/q/metrics")
                .then()
                .body(containsString(
                        "feed_lag{partition=\"%d\",topic=\"order.events\"} 0.0".formatted(last.partition())));
    }

    private static JsonPath stats() {
        return get("/stats").then().statusCode(200).extract().jsonPath();
    }

    private static List<Integer> grown(String aggregate, JsonPath before, JsonPath after) {
        return COUNTS.stream()
                .map(count -> "aggregates." + aggregate + "." + count)
                .map(path -> after.getInt(path) - before.getInt(path))
                .toList();
    }
}
