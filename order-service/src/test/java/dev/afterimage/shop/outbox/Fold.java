package dev.afterimage.shop.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The state that follows from the events alone, read in the order of the WAL. The first event that breaks a rule fails
 * the test.
 */
final class Fold {

    /** The changes of each aggregate; the change to version v has the index v - 1. */
    private final Map<Aggregate, List<JsonNode>> changes = new HashMap<>();

    private final Map<Aggregate, JsonNode> rows = new HashMap<>();
    private final List<String> snapshots = new ArrayList<>();
    private @Nullable Aggregate deleted;

    record Aggregate(String type, String id) {}

    static Fold of(List<Wal.Change> log) {
        var fold = new Fold();
        for (var row : log) {
            try {
                fold.add(row);
            } catch (AssertionError flaw) {
                throw new AssertionError("%s %s: %s".formatted(row.type(), row.aggregateId(), row.payload()), flaw);
            }
        }
        assertThat(fold.deleted).as("still without tombstone").isNull();
        return fold;
    }

    /** The rows that remain at the end. */
    Map<Aggregate, JsonNode> rows() {
        return rows;
    }

    /** All changes, without snapshots. */
    Map<Aggregate, List<JsonNode>> changes() {
        return changes;
    }

    /** All changes of this aggregate. */
    List<JsonNode> changes(Aggregate aggregate) {
        return changes.getOrDefault(aggregate, List.of());
    }

    /** The types of the snapshot events. */
    List<String> snapshots() {
        return snapshots;
    }

    private void add(Wal.Change row) {
        var aggregate = new Aggregate(row.aggregateType(), row.aggregateId());
        if (deleted != null || row.payload() == null) {
            assertThat(row.payload()).as("right behind a delete").isNull();
            assertThat(aggregate).as("of the tombstone").isEqualTo(deleted);
            deleted = null;
            return;
        }
        var event = row.event();
        assertThat(Contract.violations(aggregate.type(), event)).isEmpty();
        assertThat(event.at("/source/eventType").asText()).isEqualTo(row.type());
        if (event.get("op").asText().equals("r")) {
            addSnapshot(aggregate, event);
        } else {
            addChange(aggregate, event);
        }
    }

    /** A snapshot event must have exactly the state that the log has at this point. */
    private void addSnapshot(Aggregate aggregate, JsonNode event) {
        assertThat(event.get("after")).as("state at this point of the log").isEqualTo(rows.get(aggregate));
        assertThat(event.at("/source/version")).isEqualTo(event.at("/after/version"));
        snapshots.add(event.at("/source/eventType").asText());
    }

    private void addChange(Aggregate aggregate, JsonNode event) {
        var history = changes.computeIfAbsent(aggregate, _ -> new ArrayList<>());
        assertThat(event.at("/source/version").asLong()).as("version").isEqualTo(history.size() + 1);
        history.add(event);

        var before = event.get("before");
        var after = event.get("after");
        assertThat(before.isNull() ? null : before).as("before").isEqualTo(rows.get(aggregate));
        if (after.isNull()) {
            rows.remove(aggregate);
            deleted = aggregate;
            assertThat(orders().filter(order -> refersTo(order, aggregate.id())))
                    .isEmpty();
            return;
        }
        assertThat(after.get("id").asText()).isEqualTo(aggregate.id());
        assertThat(after.get("version")).isEqualTo(event.at("/source/version"));
        assertThat(event.get("ts_ms").asLong())
                .isEqualTo(Instant.parse(after.get("updatedAt").asText()).toEpochMilli());
        if (!before.isNull()) {
            assertThat(content(after)).as("a change").isNotEqualTo(content(before));
        }
        rows.put(aggregate, after);
        if (aggregate.type().equals("order")) {
            assertThat(rows)
                    .containsKey(
                            new Aggregate("customer", after.get("customerId").asText()));
            for (var item : after.get("items")) {
                assertThat(rows)
                        .containsKey(
                                new Aggregate("product", item.get("productId").asText()));
            }
        }
    }

    private Stream<JsonNode> orders() {
        return rows.entrySet().stream()
                .filter(row -> row.getKey().type().equals("order"))
                .map(Map.Entry::getValue);
    }

    private static boolean refersTo(JsonNode order, String id) {
        return Stream.concat(Stream.of(order.get("customerId")), order.findValues("productId").stream())
                .anyMatch(reference -> reference.asText().equals(id));
    }

    private static JsonNode content(JsonNode image) {
        return Objects.requireNonNull((ObjectNode) image.deepCopy()).without(List.of("version", "updatedAt"));
    }
}
