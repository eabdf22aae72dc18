package dev.afterimage.projection.deadletter;

import dev.afterimage.projection.change.TopicReader;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The metrics of dead letters. */
@ApplicationScoped
public class DeadLetterMetrics implements MeterBinder {

    /** The database is queried at most once per interval, however often the metrics are scraped. */
    private static final Duration READ_INTERVAL = Duration.ofSeconds(5);

    private final MeterRegistry registry;
    private final DataSource probes;
    private final TopicReader feed;
    private @Nullable Map<String, Long> lastReading;
    private long lastReadAtNanos = System.nanoTime() - READ_INTERVAL.toNanos();

    DeadLetterMetrics(
            MeterRegistry registry, @io.quarkus.agroal.DataSource("probes") DataSource probes, TopicReader feed) {
        this.registry = registry;
        this.probes = probes;
        this.feed = feed;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        for (String topic : feed.topics()) {
            Gauge.builder("feed.dead.letters.waiting", this, metrics -> metrics.waiting(topic))
                    .description(
                            "dead letters that were neither replayed nor discarded; NaN while the database is away")
                    .tag("topic", topic)
                    .strongReference(true)
                    .register(registry);
        }
    }

    /** Counts replayed letters; the effect is {@code applied}, {@code ignored} or {@code refused}. */
    public void replayed(String effect, long count) {
        registry.counter("feed.dead.letters.replayed", "effect", effect).increment((double) count);
    }

    void discarded(String topic) {
        registry.counter("feed.dead.letters.discarded", "topic", topic).increment();
    }

    private synchronized double waiting(String topic) {
        if (System.nanoTime() - lastReadAtNanos >= READ_INTERVAL.toNanos()) {
            try (Connection connection = probes.getConnection()) {
                lastReading = DeadLetterTable.waiting(connection);
            } catch (SQLException e) {
                lastReading = null;
            }
            lastReadAtNanos = System.nanoTime();
        }
        return lastReading == null ? Double.NaN : lastReading.getOrDefault(topic, 0L);
    }
}
