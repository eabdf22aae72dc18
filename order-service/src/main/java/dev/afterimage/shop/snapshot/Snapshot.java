package dev.afterimage.shop.snapshot;

import dev.afterimage.shop.outbox.Aggregates;
import dev.afterimage.shop.outbox.Image;
import dev.afterimage.shop.snapshot.SnapshotProgress.Status;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A re-publication of all aggregates of one kind, in ascending order of ids. Its row stores the progress. */
@Entity
@Table(name = "snapshots")
public class Snapshot {

    /** Less than every id of an aggregate. */
    private static final UUID NONE = new UUID(0, 0);

    @Id
    private UUID id;

    private String aggregate;

    @Enumerated(EnumType.STRING)
    private Status status;

    private UUID lastId;
    private UUID upTo;
    private long published;
    private long total;
    private Instant startedAt;
    private Instant updatedAt;
    private @Nullable Instant finishedAt;

    protected Snapshot() {}

    /** A snapshot of all aggregates that exist now. Aggregates that are created later publish their own events. */
    Snapshot(UUID id, Aggregates<?> source, Instant at) {
        this.id = id;
        this.aggregate = source.aggregate();
        this.status = Status.RUNNING;
        this.lastId = NONE;
        this.upTo = source.last().orElse(NONE);
        this.total = source.count();
        this.startedAt = at;
        this.updatedAt = at;
    }

    List<Image> lockNext(Aggregates<?> source, int limit) {
        return source.lockNext(lastId, upTo, limit);
    }

    /** @param batch the aggregates that were just published; empty when none are left */
    void advance(List<Image> batch, Instant at) {
        updatedAt = at;
        if (batch.isEmpty()) {
            status = Status.DONE;
            finishedAt = at;
        } else {
            lastId = batch.getLast().id();
            published += batch.size();
        }
    }

    UUID id() {
        return id;
    }

    String aggregate() {
        return aggregate;
    }

    SnapshotProgress progress() {
        return new SnapshotProgress(id, aggregate, status, published, total, startedAt, updatedAt, finishedAt);
    }
}
