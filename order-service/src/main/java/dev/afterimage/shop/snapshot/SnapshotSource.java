package dev.afterimage.shop.snapshot;

import dev.afterimage.shop.outbox.Image;
import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;
import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All aggregates of one kind, as the source of a snapshot. */
public interface SnapshotSource<E> extends PanacheRepositoryBase<E, UUID> {

    /** The name of the aggregate in the envelope and in the topic's name. */
    String aggregate();

    /** The current images of the entities, in the same order. */
    List<? extends Image> images(List<E> all);

    /** The highest id; empty if there are no aggregates. */
    default Optional<UUID> last() {
        return images(find("order by id desc").page(0, 1).list()).stream()
                .map(Image::id)
                .findFirst();
    }

    /**
     * The next images in ascending order of ids. Their rows are locked by {@link LockModeType#PESSIMISTIC_READ}: a
     * transaction that changes one of them waits until this transaction ends, and commits after it.
     *
     * @param after the highest id of the previous batch
     * @param upTo the highest id of the snapshot
     */
    default List<? extends Image> lockNext(UUID after, UUID upTo, int limit) {
        return images(find("id > ?1 and id <= ?2 order by id", after, upTo)
                .withLock(LockModeType.PESSIMISTIC_READ)
                .page(0, limit)
                .list());
    }
}
