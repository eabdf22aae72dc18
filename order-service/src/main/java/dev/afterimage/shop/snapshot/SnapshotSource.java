package dev.afterimage.shop.snapshot;

import dev.afterimage.shop.outbox.Image;
import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All aggregates of one kind, as a snapshot reads them. */
public interface SnapshotSource {

    /** Their name in the envelope and in the topic's name. */
    String aggregate();

    /** How many there are. */
    long total();

    /** The one with the highest id, empty where there is none. */
    Optional<UUID> last();

    /**
     * The next images by rising id, their rows locked by {@link LockModeType#PESSIMISTIC_READ}: who wants to change one of
     * them waits until this transaction ends, and so commits behind it.
     *
     * @param after the highest id of the batch before
     * @param upTo the highest id of all
     */
    List<? extends Image> lockNext(UUID after, UUID upTo, int limit);
}
