package dev.afterimage.cli.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.cli.command.EventPrinter;
import dev.afterimage.cli.command.EventPrinter.Format;
import dev.afterimage.cli.service.Event.Kind;
import dev.afterimage.cli.terminal.Screen;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class EventTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DEBEZIUM = """
            {"before":{"id":1,"email":"old@example.com","balance":10.50},
             "after":{"id":1,"email":"new@example.com","balance":10.50},
             "source":{"connector":"postgresql","ts_ms":1702720245123,"schema":"public","table":"customers"},
             "op":"u","ts_ms":1702720245200}""";

    @Test
    void anOutboxEventOfTheContractIsAChange() throws Exception {
        JsonNode example =
                JSON.readTree(Files.readString(Path.of("../../connectors/contract/order/status-changed.json")));
        Event event = event("0199", example.path("value").toString());
        assertThat(event.kind()).isEqualTo(Kind.CHANGE);
        assertThat(event.op()).isEqualTo("u");
        assertThat(event.entity()).isEqualTo("order");
        assertThat(event.committed()).isEqualTo(Instant.ofEpochMilli(1795251605500L));
        assertThat(pretty(event))
                .contains("u order.events 0@7  0199", "~ status \"PENDING\" → \"PAID\"", "~ version 1 → 2")
                .doesNotContain("currency");
    }

    @Test
    void aDebeziumEnvelopeIsTheSameWithAndWithoutItsSchema() {
        Event plain = event("{\"id\":1}", DEBEZIUM);
        Event wrapped = event(
                "{\"schema\":{\"type\":\"struct\"},\"payload\":{\"id\":1}}",
                "{\"schema\":{\"type\":\"struct\"},\"payload\":" + DEBEZIUM + "}");
        assertThat(plain.kind()).isEqualTo(Kind.CHANGE);
        assertThat(plain.key()).isEqualTo("1");
        assertThat(plain.entity()).isEqualTo("customers");
        assertThat(plain.committed())
                .as("the commit, not Debezium's own time")
                .isEqualTo(Instant.ofEpochMilli(1702720245123L));
        assertThat(wrapped.key()).isEqualTo("1");
        assertThat(wrapped.after()).isEqualTo(plain.after());
        assertThat(pretty(wrapped)).contains("~ email \"old@example.com\" → \"new@example.com\"");
        assertThat(wrapped.toJson(12L).toString()).contains("\"balance\":10.50", "\"latencyMs\":12");
    }

    @Test
    void aRecordWithoutValueIsATombstone() {
        assertThat(event("0199", null).op()).isEqualTo("tombstone");
        assertThat(event("0199", "{\"schema\":null,\"payload\":null}").op()).isEqualTo("tombstone");
        assertThat(pretty(event("0199", null))).contains("tombstone");
    }

    @Test
    void aRowWithoutEnvelopeKeepsTheOperationThatATransformGaveIt() {
        Event row = event("1", "{\"id\":1,\"email\":\"a@example.com\",\"__op\":\"u\"}");
        assertThat(row.kind()).isEqualTo(Kind.ROW);
        assertThat(row.op()).isEqualTo("u");
        assertThat(pretty(row)).contains("email \"a@example.com\"");
    }

    @Test
    void malformedRecordsAreShownAsWhatTheyAre() {
        assertThat(event("k", "no json").kind()).isEqualTo(Kind.TEXT);
        assertThat(event("k", "").kind()).isEqualTo(Kind.TEXT);
        assertThat(event("k", "{\"op\":\"c\"} and more").kind()).isEqualTo(Kind.TEXT);
        assertThat(event("k", "42").kind()).isEqualTo(Kind.TEXT);
        assertThat(event("k", "{\"op\":\"u\",\"before\":1,\"after\":[2]}").kind())
                .isEqualTo(Kind.CHANGE);
        Event avro = Event.of(record("k".getBytes(StandardCharsets.UTF_8), new byte[] {0, 0, 0, 0, 7, 2, (byte) 0xff}));
        assertThat(avro.kind()).isEqualTo(Kind.BINARY);
        assertThat(pretty(avro)).contains("7 bytes", "schema 7", "00 00 00 00 07 02 ff");
        assertThat(pretty(event("\u001b[2J", "\u001b]0;owned\u0007")))
                .as("nothing on a topic steers the terminal")
                .doesNotContain("\u001b", "\u0007")
                .contains("\\u001B[2J", "\\u001B]0;owned\\u0007");
    }

    @Test
    void noPartOfAnEventControlsTheTerminal() throws Exception {
        String hostile = "\u001b]52;c;ZWNobw==\u0007 \u009b2J \u202e";
        String json = JSON.writeValueAsString(hostile);
        Event event = event(hostile, """
                {"op":"u","before":{%s:1,"x":%s},"after":{%s:2,"x":3}}""".formatted(json, json, json));
        event.record().headers().add(hostile, hostile.getBytes(StandardCharsets.UTF_8));
        String shown = "\\u001B]52;c;ZWNobw==\\u0007 \\u009B2J \\u202E";
        assertThat(pretty(event))
                .contains("  " + shown + "\n", shown + "=" + shown, "~ " + shown + " 1 → 2", "\"" + shown)
                .doesNotContainPattern("[\\p{Cc}\u202e&&[^\n]]");
        String line = printed(event, Format.json);
        assertThat(line).doesNotContainPattern("[\\p{Cc}\u202e&&[^\n]]");
        assertThat(JSON.readTree(line).path("key").asText()).isEqualTo(hostile);
    }

    @Test
    void anyBytesCanBeShownInEveryFormat() {
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            byte[] value = i % 2 == 0 ? new byte[random.nextInt(60)] : DEBEZIUM.getBytes(StandardCharsets.UTF_8);
            if (i % 2 == 0) {
                random.nextBytes(value);
            } else {
                value[random.nextInt(value.length)] = (byte) random.nextInt();
            }
            Event event = Event.of(record(i % 3 == 0 ? null : value, value));
            for (Format format : Format.values()) {
                assertThat(printed(event, format)).isNotEmpty();
            }
        }
    }

    @Test
    void theFirstLineFitsATerminalOf80Columns() throws Exception {
        assumeThat(Path.of("/usr/bin/script")).as("it makes a terminal").isExecutable();
        ProcessBuilder terminal = new ProcessBuilder(
                "script",
                "-qec",
                "stty cols 80; exec %s --enable-native-access=ALL-UNNAMED -cp '%s' %s"
                        .formatted(
                                Path.of(System.getProperty("java.home"), "bin", "java"),
                                System.getProperty("java.class.path"),
                                EventTest.class.getName()),
                "/dev/null");
        terminal.environment().putAll(Map.of("TERM", "dumb", "NO_COLOR", "1"));
        String shown = new String(terminal.start().getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(shown.lines()).hasSize(3).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
        assertThat(shown).contains("order.events 0@123456  01a1ff99-6ff5-710f-9892-d789046401b3", "4.7 s", "tombstone");
    }

    /** Prints an event. */
    public static void main(String[] arguments) {
        byte[] key = "01a1ff99-6ff5-710f-9892-d789046401b3".getBytes(StandardCharsets.UTF_8);
        Event event = Event.of(new ConsumerRecord<>("order.events", 0, 123_456, key, null));
        StringBuilder lines = new StringBuilder();
        try (Screen screen = Screen.of(new CommandLine(new Nothing()).getCommandSpec())) {
            new EventPrinter(screen, Format.pretty).print(event, 4_711L, lines);
            screen.out().print(lines);
        }
    }

    private static Event event(String key, @Nullable String value) {
        return Event.of(record(
                key.getBytes(StandardCharsets.UTF_8), value == null ? null : value.getBytes(StandardCharsets.UTF_8)));
    }

    private static ConsumerRecord<byte[], byte[]> record(byte @Nullable [] key, byte @Nullable [] value) {
        return new ConsumerRecord<>("order.events", 0, 7, key, value);
    }

    private static String pretty(Event event) {
        return printed(event, Format.pretty);
    }

    @Command
    private static final class Nothing {}

    private static String printed(Event event, Format format) {
        StringBuilder lines = new StringBuilder();
        try (Screen screen = Screen.of(new CommandLine(new Nothing()).getCommandSpec())) {
            new EventPrinter(screen, format).print(event, null, lines);
        }
        return lines.toString();
    }
}
