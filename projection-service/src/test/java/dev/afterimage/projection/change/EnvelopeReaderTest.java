package dev.afterimage.projection.change;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import dev.afterimage.projection.view.customer.CustomerModel;
import dev.afterimage.projection.view.order.OrderImage;
import dev.afterimage.projection.view.order.OrderModel;
import dev.afterimage.projection.view.product.ProductModel;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class EnvelopeReaderTest {

    private static final Path CONTRACT = Path.of("..", "connectors", "contract", "order");
    private static final JsonMapper JSON = new JsonMapper();

    private final EnvelopeReader reader =
            new EnvelopeReader(List.of(new OrderModel(), new CustomerModel(), new ProductModel()));
    private final OrderEvents order = new OrderEvents();

    private record Topics(Optional<List<String>> topics, Optional<List<String>> tableTopics) implements FeedTopics {}

    @Test
    void theFeedReadsTheTopicsOfTheReadModelsUnlessItsTopicsAreSet() {
        var rows = new RowReader(reader);
        var table = Optional.of(List.of("cdc.public.orders"));

        assertThat(new TopicReader(reader, rows, new Topics(Optional.empty(), table)).topics())
                .containsExactly("order.events", "customer.events", "product.events", "cdc.public.orders");
        assertThat(new TopicReader(reader, rows, new Topics(Optional.of(List.of("order.events")), table)).topics())
                .containsExactly("order.events", "cdc.public.orders");
    }

    @ParameterizedTest
    @ValueSource(strings = {"placed", "status-changed", "deleted", "snapshot"})
    void readsEachExampleOfTheContract(String name) throws Exception {
        JsonNode example = JSON.readTree(CONTRACT.resolve(name + ".json").toFile());
        JsonNode value = example.get("value");

        var read = (Envelope) read(example.get("key").textValue(), value.toString());

        assertThat(read.op().code()).isEqualTo(value.get("op").textValue());
        assertThat(read.version()).isEqualTo(value.at("/source/version").longValue());
        assertThat(read.eventType()).isEqualTo(value.at("/source/eventType").textValue());
        assertThat(read.committedAt())
                .isEqualTo(Instant.ofEpochMilli(value.get("ts_ms").longValue()));
        var image = (OrderImage) Objects.requireNonNull(read.after() != null ? read.after() : read.before());
        assertThat(image.total()).isEqualTo(new BigDecimal("59.80"));
        assertThat(image.items())
                .hasSize(1)
                .first()
                .extracting(OrderImage.Item::quantity)
                .isEqualTo(2);
        assertThat(image.createdAt()).isEqualTo("2026-11-21T09:00:00.123456Z");
    }

    @Test
    void knowsEveryExampleOfTheContract() throws Exception {
        for (String aggregate : List.of("order", "customer", "product")) {
            try (Stream<Path> examples = Files.list(CONTRACT.resolveSibling(aggregate))) {
                for (Path path : examples.toList()) {
                    JsonNode example = JSON.readTree(path.toFile());
                    JsonNode value = example.get("value");
                    Change change = reader.read(
                            example.get("topic").textValue(),
                            example.get("key").textValue().getBytes(UTF_8),
                            value.isNull() ? null : value.toString().getBytes(UTF_8));
                    assertThat(change.aggregate()).as(path.toString()).isEqualTo(aggregate);
                }
            }
        }
    }

    @Test
    void readsANullValueAsTombstone() throws Exception {
        assertThat(read(order.id.toString(), null)).isEqualTo(new Tombstone("order", order.id));
    }

    @Test
    void readsTheSameBareAndWrapped() throws Exception {
        String bare = order.changed(2);
        String wrapped = "{\"schema\":{\"type\":\"struct\"},\"payload\":" + bare + "}";
        assertThat(read(order.id.toString(), wrapped)).isEqualTo(read(order.id.toString(), bare));
    }

    @Test
    void passesOverFieldsItDoesNotKnow() throws Exception {
        ObjectNode value = order.placedNode();
        String plain = value.toString();
        value.put("transaction", "7").withObject("/after").put("note", "new in the next release");
        var read = (Envelope) read(order.id.toString(), value.toString());
        assertThat(read.after()).isEqualTo(((Envelope) read(order.id.toString(), plain)).after());
        assertThat(String.valueOf(read.raw().after())).contains("new in the next release");
    }

    @Test
    void refusesANumberThatTheParserCannotRead() {
        String value = order.placed().replaceFirst("\"ts_ms\":\\d+", "\"ts_ms\":1E95282995351");
        assertThat(value).contains("1E95282995351");
        assertThatThrownBy(() -> read(order.id.toString(), value))
                .isInstanceOf(MalformedRecord.class)
                .hasMessage("the value has a number that nobody can hold");
    }

    @ParameterizedTest
    @MethodSource
    void refusesAKeyThatIsNoId(@Nullable String key, String reason) {
        assertThatThrownBy(() -> read(key, order.placed()))
                .isInstanceOf(MalformedRecord.class)
                .hasMessage(reason);
    }

    static Stream<Arguments> refusesAKeyThatIsNoId() {
        return Stream.of(
                Arguments.of(null, "the record has no key"),
                Arguments.of("", "the key is not a UUID in plain text"),
                Arguments.of("1-1-1-1-1", "the key is not a UUID in plain text"),
                Arguments.of("\"0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e01\"", "the key is not a UUID in plain text"),
                Arguments.of("0199F2A4-7C10-7B3E-9D55-1F0C6A2B8E01", "the key is not a UUID in plain text"),
                Arguments.of("0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e01", "the key is not the id of the image"));
    }

    @ParameterizedTest
    @MethodSource
    void refusesAValueThatIsNoObject(String value, String reason) {
        assertThatThrownBy(() -> read(order.id.toString(), value))
                .isInstanceOf(MalformedRecord.class)
                .hasMessageStartingWith(reason);
    }

    static Stream<Arguments> refusesAValueThatIsNoObject() {
        return Stream.of(
                Arguments.of("", "the value is empty"),
                Arguments.of("   ", "the value is empty"),
                Arguments.of("null", "the value is not a JSON object"),
                Arguments.of("\"{}\"", "the value is not a JSON object"),
                Arguments.of("[]", "the value is not a JSON object"),
                Arguments.of("17", "the value is not a JSON object"),
                Arguments.of("{", "the value is not JSON that can be read, byte 1"),
                Arguments.of("{} {}", "the value is not JSON that can be read"),
                Arguments.of("{\"op\":\"c\",\"op\":\"d\"}", "the value is not JSON that can be read"),
                Arguments.of("{\"version\":1" + "0".repeat(2_000) + "}", "the value is not JSON that can be read"),
                Arguments.of("[".repeat(10_000), "the value is not JSON that can be read"),
                Arguments.of("{\"schema\":{},\"payload\":null}", "payload is not an object"),
                Arguments.of("{}", "op is missing"));
    }

    @ParameterizedTest
    @MethodSource
    void namesTheFieldThatBreaksARule(Consumer<ObjectNode> flaw, String reason) {
        ObjectNode value = order.placedNode();
        flaw.accept(value);
        assertThatThrownBy(() -> read(order.id.toString(), value.toString()))
                .isInstanceOf(MalformedRecord.class)
                .hasMessage(reason);
    }

    static Stream<Arguments> namesTheFieldThatBreaksARule() {
        return Stream.of(
                flaw(v -> v.put("op", "x"), "op is none of c, u, d, r"),
                flaw(v -> v.put("op", 1), "op is not a string"),
                flaw(v -> v.put("op", "u"), "before is missing for op u"),
                flaw(v -> v.set("before", v.get("after")), "before is not null for op c"),
                flaw(v -> v.putNull("after"), "after is missing for op c"),
                flaw(v -> v.put("after", "{}"), "after is not an object"),
                flaw(v -> v.remove("source"), "source is missing"),
                flaw(v -> source(v).put("aggregate", "customer"), "source.aggregate is not order"),
                flaw(v -> source(v).remove("version"), "source.version is missing"),
                flaw(v -> source(v).put("version", 0), "source.version is not a whole number from 1"),
                flaw(v -> source(v).put("version", 1.0), "source.version is not a whole number from 1"),
                flaw(v -> source(v).put("version", "1"), "source.version is not a whole number from 1"),
                flaw(
                        v -> source(v).put("version", new BigDecimal("1e40").toBigInteger()),
                        "source.version is not a whole number from 1"),
                flaw(v -> source(v).put("version", 2), "after.version is not source.version"),
                flaw(v -> source(v).put("eventType", "Order\nPlaced"), "source.eventType is not the name of an event"),
                flaw(v -> v.put("ts_ms", -1), "ts_ms is not a time in epoch milliseconds"),
                flaw(v -> v.put("ts_ms", Long.MAX_VALUE), "ts_ms is not a time in epoch milliseconds"),
                flaw(v -> v.put("ts_ms", "2026-11-21"), "ts_ms is not a time in epoch milliseconds"),
                flaw(v -> after(v).put("customerId", "x"), "after.customerId is not a UUID"),
                flaw(v -> after(v).put("status", "LOST"), "after.status is not a status of an order"),
                flaw(v -> after(v).put("status", "PAID\0"), "after.status is not a status of an order"),
                flaw(v -> after(v).put("currency", "eur"), "after.currency is not three capital letters"),
                flaw(v -> after(v).put("currency", "EU\0"), "after.currency is not three capital letters"),
                flaw(v -> after(v).put("total", 59.8), "after.total is not a string"),
                flaw(v -> after(v).put("total", "-1.00"), "after.total is not an amount like 59.80"),
                flaw(v -> after(v).put("total", "1e9"), "after.total is not an amount like 59.80"),
                flaw(v -> after(v).put("total", "9".repeat(18) + ".00"), "after.total is not an amount like 59.80"),
                flaw(v -> after(v).put("createdAt", "2026-02-30T09:00:00Z"), "after.createdAt is not a time in UTC"),
                flaw(v -> after(v).put("createdAt", "0000-01-01T00:00:00Z"), "after.createdAt is not a time in UTC"),
                flaw(v -> after(v).put("updatedAt", "2026-11-21 09:00"), "after.updatedAt is not a time in UTC"),
                flaw(v -> after(v).putArray("items"), "after.items is not a list of at least one item"),
                flaw(v -> after(v).putArray("items").add(1), "after.items[0] is not an object"),
                flaw(
                        v -> item(v).put("quantity", 0),
                        "after.items[0].quantity is not a whole number from 1 to 2147483647"),
                flaw(
                        v -> item(v).put("quantity", 1L << 31),
                        "after.items[0].quantity is not a whole number from 1 to 2147483647"),
                flaw(v -> item(v).remove("unitPrice"), "after.items[0].unitPrice is missing"));
    }

    @Test
    void refusesAnUpdateThatDoesNotMoveTheVersion() {
        String value = order.changed(3).replace("\"version\":2", "\"version\":3");
        assertThatThrownBy(() -> read(order.id.toString(), value))
                .isInstanceOf(MalformedRecord.class)
                .hasMessage("before.version is not below source.version");
    }

    @Test
    void neverFailsOnAnyBytesInAnyOtherWay() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        byte[] intact = order.changed(2).getBytes(UTF_8);
        for (int run = 0; run < 20_000; run++) {
            byte[] value = intact.clone();
            for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                value[random.nextInt(value.length)] = (byte) random.nextInt(256);
            }
            try {
                reader.read(OrderTopic.NAME, order.id.toString().getBytes(UTF_8), value);
            } catch (MalformedRecord expected) {
                assertThat(expected.reason()).hasSizeLessThan(120);
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ", run " + run + ": " + new String(value, UTF_8), e);
            }
        }
    }

    private Change read(@Nullable String key, @Nullable String value) throws MalformedRecord {
        return reader.read(
                OrderTopic.NAME,
                key == null ? null : key.getBytes(UTF_8),
                value == null ? null : value.getBytes(UTF_8));
    }

    private static Arguments flaw(Consumer<ObjectNode> flaw, String reason) {
        return Arguments.of(flaw, reason);
    }

    private static ObjectNode source(ObjectNode value) {
        return value.withObject("/source");
    }

    private static ObjectNode after(ObjectNode value) {
        return value.withObject("/after");
    }

    private static ObjectNode item(ObjectNode value) {
        return (ObjectNode) after(value).withArray("items").get(0);
    }
}
