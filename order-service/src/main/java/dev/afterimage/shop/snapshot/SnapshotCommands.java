package dev.afterimage.shop.snapshot;

import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.outbox.Aggregates;
import dev.afterimage.shop.outbox.Change;
import dev.afterimage.shop.outbox.Ids;
import dev.afterimage.shop.outbox.Outbox;
import io.quarkus.arc.All;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Starts snapshots and publishes them in small transactions. */
@ApplicationScoped
public class SnapshotCommands {

    private final Map<String, Aggregates<?>> sources;
    private final Snapshots snapshots;
    private final SnapshotConfig config;
    private final Outbox outbox;
    private final Ids ids;
    private final Clock clock;

    SnapshotCommands(
            @All List<Aggregates<?>> sources,
            Snapshots snapshots,
            SnapshotConfig config,
            Outbox outbox,
            Ids ids,
            Clock clock) {
        this.sources = sources.stream()
                .collect(Collectors.toMap(
                        Aggregates::aggregate, Function.identity(), (one, other) -> one, TreeMap::new));
        this.snapshots = snapshots;
        this.config = config;
        this.outbox = outbox;
        this.ids = ids;
        this.clock = clock;
    }

    /**
     * Starts a snapshot. The {@link SnapshotRunner} then publishes it.
     *
     * @throws Refusal when the aggregate is unknown
     * @throws Refusal when a snapshot of the same aggregate is running
     */
    @Transactional
    public SnapshotProgress start(String aggregate) {
        var source = sources.get(aggregate);
        if (source == null) {
            throw Refusal.invalid("aggregate", "must be one of " + sources.keySet());
        }
        var snapshot = snapshots.readPatiently(() -> new Snapshot(ids.next(), source, clock.instant()));
        snapshots.add(snapshot);
        return snapshot.progress();
    }

    /**
     * Publishes the next batch. Its rows are locked until the commit, so that a concurrent change can neither commit
     * between the read and the publication nor be published before the batch.
     *
     * @return false when the snapshot is done or another instance is working on it
     */
    @Transactional
    public boolean publishBatch(UUID id) {
        var claimed = snapshots.claim(id);
        if (claimed.isEmpty()) {
            return false;
        }
        var snapshot = claimed.get();
        var source = sources.get(snapshot.aggregate());
        if (source == null) {
            throw new IllegalStateException("no source of " + snapshot.aggregate());
        }
        var batch = snapshot.lockNext(source, config.batch());
        var now = clock.instant();
        for (var image : batch) {
            outbox.announce(Change.read(source.aggregate(), image, now));
        }
        snapshot.advance(batch, now);
        snapshots.flush();
        return !batch.isEmpty();
    }
}
