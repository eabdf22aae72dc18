package dev.afterimage.shop.snapshot;

import dev.afterimage.shop.outbox.Image;
import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;
import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All aggregates of one kind, as a snapshot reads them. */
public interface SnapshotSource<E> extends PanacheRepositoryBase<E, UUID> {

    /** Their name in the envelope and in the topic's name. */
    String aggregate();

    /** How they are now, in the same order. */
    List<? extends Image> images(List<E> all);

    /** The one with the highest id, empty where there is none. */
    default Optional<UUID> last() {
        return images(find("order by id desc").page(0, 1).list()).stream()
                .map(Image::id)
                .findFirst();
    }

    /**
     * The next images by rising id, their rows locked by {@link LockModeType#PESSIMISTIC_READ}: who wants to change one of
     * them waits until this transaction ends, and so commits behind it.
     *
     * @param after the highest id of the batch before
     * @param upTo the highest id of all
     */
    default List<? extends Image> lockNext(UUID after, UUID upTo, int limit) {
        return images(find("id > ?1 and id <= ?2 order by id", after, upTo)
                .withLock(LockModeType.PESSIMISTIC_READ)
                .page(0, limit)
                .list());
    }
}
