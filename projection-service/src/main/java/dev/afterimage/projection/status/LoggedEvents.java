package dev.afterimage.projection.status;

import static java.util.Comparator.comparing;
import static java.util.Comparator.comparingLong;
import static java.util.stream.Collectors.groupingBy;

import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.EnvelopeReader;
import dev.afterimage.projection.change.MalformedRecord;
import dev.afterimage.projection.deadletter.DeadLetterTable;
import dev.afterimage.projection.eventlog.LoggedRecord;
import dev.afterimage.projection.sql.Database;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.status.LogExtent.Part;
import dev.afterimage.projection.status.StreamPosition.Partition;
import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The events of the live stream, from the event log and the dead letters: what any instance did with its records. */
@ApplicationScoped
class LoggedEvents {

    private static final String EXTENT = """
            select topic, partition, logged_from, next_offset from cdc_raw.positions where topic = any(?)
            """;

    /** A topic that was created again has the same offsets once more; the newest record counts. */
    private static final String EVENTS = """
            select event.*
              from unnest(?::text[], ?::int[], ?::bigint[], ?::bigint[]) as part(topic, partition, first, until)
             cross join lateral (
                   select distinct on (kafka_offset)
                          kafka_topic, kafka_partition, kafka_offset, event_key ->> 'id' as id, effect, processed_at,
                          %s as value
                     from cdc_raw.cdc_events
                    where kafka_topic = part.topic and kafka_partition = part.partition
                      and kafka_offset >= part.first and kafka_offset < part.until
                    order by kafka_offset, cdc_events.id desc) as event
            """.formatted(LoggedRecord.VALUE);

    private record Timed(Instant at, LiveEvent event) {}

    private final Database database;
    private final EnvelopeReader reader;
    private final DeadLetterTable letters;

    LoggedEvents(Database database, EnvelopeReader reader, DeadLetterTable letters) {
        this.database = database;
        this.reader = reader;
        this.letters = letters;
    }

    LogExtent extent() {
        SortedMap<Partition, LogExtent.Offsets> partitions = new TreeMap<>();
        var _ = database.select(
                EXTENT,
                List.<Object>of((Object) reader.topics().toArray(String[]::new)),
                Sql.Reader.ofEach(row -> partitions.put(
                        new Partition(row.getString("topic"), row.getInt("partition")),
                        new LogExtent.Offsets(row.getLong("logged_from"), row.getLong("next_offset")))));
        return new LogExtent(partitions);
    }

    /** The events of these parts: each partition in the order of its offsets, the partitions mixed by time. */
    List<LiveEvent> read(List<Part> parts) {
        if (parts.isEmpty()) {
            return List.of();
        }
        String[] topics = parts.stream().map(part -> part.partition().topic()).toArray(String[]::new);
        Integer[] numbers =
                parts.stream().map(part -> part.partition().number()).toArray(Integer[]::new);
        Long[] from = parts.stream().map(Part::from).toArray(Long[]::new);
        Long[] until = parts.stream().map(Part::until).toArray(Long[]::new);
        // the letters first: a letter that is replayed in between is then shown twice, and not missed
        Stream<LiveEvent> refused =
                letters.within(topics, numbers, from, until).stream().map(LiveEvent::of);
        Stream<LiveEvent> logged =
                database.select(EVENTS, List.of(topics, numbers, from, until), Sql.Reader.ofEach(this::event)).stream()
                        .flatMap(Optional::stream);
        List<Timed> mixed = new ArrayList<>();
        Stream.concat(refused, logged)
                .sorted(comparingLong(LiveEvent::offset))
                .collect(groupingBy(LiveEvent::source, TreeMap::new, Collectors.toList()))
                .values()
                .forEach(events -> {
                    Instant latest = Instant.MIN;
                    for (LiveEvent event : events) {
                        latest = event.appliedAt().isAfter(latest) ? event.appliedAt() : latest;
                        mixed.add(new Timed(latest, event));
                    }
                });
        mixed.sort(comparing(Timed::at)); // a stable sort, which keeps the order of each partition
        return mixed.stream().map(Timed::event).toList();
    }

    /** Empty for a record that an older version accepted and this one does not; it must not stop the stream. */
    private Optional<LiveEvent> event(ResultSet row) throws SQLException {
        String topic = row.getString("kafka_topic");
        String effect = row.getString("effect");
        try {
            return Optional.of(LiveEvent.of(
                    topic,
                    row.getInt("kafka_partition"),
                    row.getLong("kafka_offset"),
                    reader.read(topic, bytes(row.getString("id")), bytes(row.getString("value"))),
                    Sql.instant(row, "processed_at"),
                    effect == null ? Effect.APPLIED : Effect.of(effect))); // null in rows of an older version
        } catch (MalformedRecord e) {
            Log.debugf("event left out of the stream topic=%s reason=%s", topic, e.reason());
            return Optional.empty();
        }
    }

    private static byte @Nullable [] bytes(@Nullable String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }
}
