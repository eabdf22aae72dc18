package dev.afterimage.cli.command;

import dev.afterimage.cli.service.Event;
import dev.afterimage.cli.service.RecordReader;
import dev.afterimage.cli.service.ShopClient;
import dev.afterimage.cli.service.ShopClient.Kind;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.StackException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** Reads a topic from its end before a change is made, to show the events of the change. */
final class ResultingEvents implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final String topic;
    private final @Nullable RecordReader reader;
    private final String why;

    private ResultingEvents(String topic, @Nullable RecordReader reader, String why) {
        this.topic = topic;
        this.reader = reader;
        this.why = why;
    }

    /**
     * Opens the topic of the kind. If the topic cannot be read, the error is printed instead of the event; the change
     * is made anyway.
     */
    static ResultingEvents of(String bootstrapServers, ShopClient shop, Kind kind) {
        String topic = shop.topic(kind);
        try {
            return new ResultingEvents(topic, new RecordReader(bootstrapServers, List.of(topic)), "");
        } catch (StackException e) {
            return new ResultingEvents(topic, null, String.valueOf(e.getMessage()));
        }
    }

    /** The events of a change: one event, and after a delete also the tombstone; empty when nothing arrives in time. */
    List<Event> await(String id, boolean deleted) {
        List<Event> events = new ArrayList<>();
        Instant deadline = Instant.now().plus(LIMIT);
        while (reader != null && Instant.now().isBefore(deadline)) {
            for (ConsumerRecord<byte[], byte[]> record : reader.poll()) {
                Event event = Event.of(record);
                if (id.equals(event.key())) {
                    events.add(event);
                    if (!deleted || event.kind() == Event.Kind.TOMBSTONE) {
                        return events;
                    }
                }
            }
        }
        return events;
    }

    /** Waits as long as more events of these ids arrive, up to so many, and returns how many of each operation came. */
    SortedMap<String, Integer> awaitAll(Set<String> ids, int expected) {
        SortedMap<String, Integer> came = new TreeMap<>();
        Instant deadline = Instant.now().plus(LIMIT);
        while (reader != null && expected > 0 && Instant.now().isBefore(deadline)) {
            for (ConsumerRecord<byte[], byte[]> record : reader.poll()) {
                Event event = Event.of(record);
                if (ids.contains(String.valueOf(event.key()))) {
                    came.merge(String.valueOf(event.op()), 1, Integer::sum);
                    expected--;
                    deadline = Instant.now().plus(LIMIT);
                }
            }
        }
        return came;
    }

    void print(Screen screen, List<Event> events) {
        if (events.isEmpty()) {
            screen.out()
                    .println(
                            why.isEmpty()
                                    ? "Nothing came out on " + topic + " within " + LIMIT.toSeconds() + " s."
                                    : why);
            return;
        }
        EventPrinter printer = new EventPrinter(screen, EventPrinter.Format.pretty);
        StringBuilder lines = new StringBuilder();
        events.forEach(event -> printer.print(event, latency(event), lines));
        screen.out().print(lines);
        screen.out().flush();
    }

    static @Nullable Long latency(Event event) {
        Instant committed = event.committed();
        return committed == null
                ? null
                : Long.valueOf(Math.max(0, event.record().timestamp() - committed.toEpochMilli()));
    }

    @Override
    public void close() {
        if (reader != null) {
            reader.close();
        }
    }
}
