package dev.afterimage.projection.audit;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A table that all sides have. Its columns are read from the database.
 *
 * @param id the column of the primary key that divides the table into ranges
 * @param line the second column of the primary key; null if there is none
 */
record Table(String name, String id, @Nullable String line) {

    static final String VERSION = "version";

    /**
     * In this order, the rows of an aggregate's parts are read after the aggregate, so that fewer of them are in
     * flight.
     */
    static final List<Table> ALL = List.of(
            new Table("customers", "id", null),
            new Table("products", "id", null),
            new Table("orders", "id", null),
            new Table("order_items", "order_id", "position"));

    /**
     * A row's primary key.
     *
     * @param line 0 if the table has no lines
     */
    record RowKey(UUID id, int line) {}

    /**
     * A row, as read.
     *
     * @param version the version of the aggregate; null if the side does not write the row together with the aggregate
     * @param hash the hash of the key and all compared columns
     * @param cells the canonical texts of the compared columns; empty if they were not requested
     */
    record Row(@Nullable Long version, long hash, List<@Nullable String> cells) {}

    /** Compares in PostgreSQL's order of UUIDs, which differs from Java's. */
    static UUID lesser(UUID one, UUID other) {
        return one.toString().compareTo(other.toString()) < 0 ? one : other;
    }

    static UUID successor(UUID id) {
        long low = id.getLeastSignificantBits() + 1;
        return new UUID(id.getMostSignificantBits() + (low == 0 ? 1 : 0), low);
    }
}
