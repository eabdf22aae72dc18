package dev.afterimage.projection.audit;

import dev.afterimage.projection.audit.Report.Comparison;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The metrics of the last audit. They are the same in all instances. */
@ApplicationScoped
@Startup
class AuditMetrics {

    private final MultiGauge different;
    private final MultiGauge behind;
    private volatile @Nullable Audit last;

    AuditMetrics(MeterRegistry registry) {
        different = MultiGauge.builder("audit.rows.different")
                .description("rows of the last audit that differ permanently")
                .register(registry);
        behind = MultiGauge.builder("audit.rows.behind")
                .description("rows of the last audit that could not be compared because the follower was behind")
                .register(registry);
        gauge(
                registry,
                "audit.age",
                "since the last audit ended",
                audit -> Duration.between(ended(audit), Instant.now()));
        gauge(
                registry,
                "audit.duration",
                "of the last audit",
                audit -> Duration.between(audit.startedAt(), ended(audit)));
    }

    /** Sets the metrics to the audit that ended last. */
    void take(Optional<Audit> audit) {
        UUID known = last == null ? null : last.id();
        if (audit.isEmpty() || audit.get().id().equals(known)) {
            return;
        }
        last = audit.get();
        rows(different, Comparison::different);
        rows(behind, comparison -> (double) comparison.behind() + comparison.unchecked());
    }

    private void rows(MultiGauge gauge, ToDoubleFunction<Comparison> figure) {
        gauge.register(
                Objects.requireNonNull(last).report().comparisons().stream()
                        .map(each -> MultiGauge.Row.of(
                                Tags.of(
                                        "table",
                                        each.table(),
                                        "follower",
                                        each.follower().label()),
                                figure.applyAsDouble(each)))
                        .collect(Collectors.toList()),
                true);
    }

    private void gauge(MeterRegistry registry, String name, String description, Function<Audit, Duration> figure) {
        Gauge.builder(name, this, metrics -> {
                    Audit audit = metrics.last;
                    return audit == null ? Double.NaN : figure.apply(audit).toMillis() / 1000.0;
                })
                .description(description + "; NaN before the first one")
                .baseUnit("seconds")
                .strongReference(true)
                .register(registry);
    }

    private static Instant ended(Audit audit) {
        return Objects.requireNonNull(audit.endedAt());
    }
}
