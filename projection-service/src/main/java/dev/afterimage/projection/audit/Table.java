package dev.afterimage.projection.audit;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A table that all sides have. Its columns are those that the database says it has.
 *
 * @param id the column of its primary key that ranges go by
 * @param line the rest of its primary key, null where there is none
 */
record Table(String name, String id, @Nullable String line) {

    static final String VERSION = "version";

    /** What belongs to an aggregate comes behind it, so that less of it is found on its way. */
    static final List<Table> ALL = List.of(
            new Table("customers", "id", null),
            new Table("products", "id", null),
            new Table("orders", "id", null),
            new Table("order_items", "order_id", "position"));

    /**
     * A row's primary key.
     *
     * @param line 0 where the table has none
     */
    record RowKey(UUID id, int line) {}

    /**
     * A row as it was read.
     *
     * @param version that of the aggregate; null where the side does not write the row together with it
     * @param hash of the key and all compared columns
     * @param cells their canonical text; empty where they were not asked for
     */
    record Row(@Nullable Long version, long hash, List<@Nullable String> cells) {}

    /** As PostgreSQL orders them, which is not as Java does. */
    static UUID lesser(UUID one, UUID other) {
        int high = Long.compareUnsigned(one.getMostSignificantBits(), other.getMostSignificantBits());
        int order =
                high != 0 ? high : Long.compareUnsigned(one.getLeastSignificantBits(), other.getLeastSignificantBits());
        return order < 0 ? one : other;
    }

    static UUID successor(UUID id) {
        long low = id.getLeastSignificantBits() + 1;
        return new UUID(id.getMostSignificantBits() + (low == 0 ? 1 : 0), low);
    }
}
