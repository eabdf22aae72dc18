package dev.afterimage.shop.outbox;

import dev.afterimage.shop.Reason;
import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.web.Preconditions;
import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;
import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.hibernate.exception.ConstraintViolationException;

/** All aggregates of one kind. */
public interface Aggregates<E extends Aggregates.Aggregate> extends PanacheRepositoryBase<E, UUID> {

    /** An entity with a public form. */
    interface Aggregate {

        Image image();
    }

    /** The name of the aggregate in the envelope and in the topic's name. */
    String aggregate();

    /** The refusals of changes that violate a constraint of the database, by the name of the constraint. */
    Map<String, Refusal> refusals();

    /** The refusal of a value that another aggregate has. */
    default Refusal duplicate(String field) {
        return new Refusal(
                Reason.DUPLICATE,
                "Another %s has this %s.".formatted(aggregate(), field),
                Map.of("errors", List.of(new Refusal.Field(field, "must be unique"))));
    }

    /**
     * Returns the aggregate and locks its row until the transaction ends. Changes of one aggregate wait here for each
     * other, so that they commit in version order, and the {@code before} of each event is the {@code after} of the
     * previous event.
     *
     * @throws Refusal when there is no such aggregate
     */
    default E lock(UUID id) {
        return findByIdOptional(id, LockModeType.PESSIMISTIC_WRITE)
                .orElseThrow(() -> Refusal.unknownId(aggregate(), id));
    }

    /**
     * As {@link #lock(UUID)}.
     *
     * @throws Refusal when there is no such aggregate, or the preconditions do not allow a change
     */
    default E lock(UUID id, Preconditions conditions) {
        var locked = lock(id);
        conditions.check(aggregate(), locked.image().version());
        return locked;
    }

    /**
     * Flushes the changes of this transaction, so that the database checks its constraints now.
     *
     * @throws Refusal when one of the {@link #refusals} occurs
     */
    default void write() {
        try {
            flush();
        } catch (ConstraintViolationException e) {
            var refusal = e.getConstraintName() == null ? null : refusals().get(e.getConstraintName());
            throw refusal == null ? e : refusal;
        }
    }

    /** The current images of the entities, in the same order. */
    default List<Image> images(List<E> all) {
        return all.stream().map(Aggregate::image).toList();
    }

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
    default List<Image> lockNext(UUID after, UUID upTo, int limit) {
        return images(find("id > ?1 and id <= ?2 order by id", after, upTo)
                .withLock(LockModeType.PESSIMISTIC_READ)
                .page(0, limit)
                .list());
    }
}
