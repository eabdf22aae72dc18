/**
 * Proves that the followers, the read model and Debezium's replica, hold what the source holds, row by row, while all three are
 * written.
 *
 * <h2>Reading</h2>
 *
 * Each table is walked in ranges of its primary key. A range ends where the first side has had {@code audit.range-rows} rows, so
 * that it is short on each side, whatever a follower has too many or too few of. PostgreSQL adds up, on each side, the number of
 * rows in the range and a 64-bit hash of each: the first half of the MD5 of the key and all columns in one canonical text, the
 * same for a number, a time or a text in whatever type a side keeps it. Only where count or sum differ are the rows' hashes
 * fetched, key by key. A statement reads one range by its index and is a transaction of its own: no snapshot is held, nothing
 * is locked, nothing is sorted, and vacuum waits for a range at the most. Three statements a range and side, of which the
 * third is for ranges that differ, are all the load there is. 64 bits miss an accidental difference once in 2<sup>64</sup>;
 * they are no protection against somebody who makes one up.
 *
 * <h2>Settling</h2>
 *
 * The sides are read one after the other, and followers follow: a row that differs may just be on its way. Such rows are read
 * again, the follower before the source, until one of these is true of each:
 *
 * <ul>
 *   <li>It is equal. It was in flight.
 *   <li>Both sides hold the same version of it with other data. A version names one state of a row, and a follower writes it in
 *       one piece, so that no event under way can mend this: it is different. The lines of an order belong to the order's
 *       version, and the read model writes them together. The replica's sink does not: there they have no version.
 *   <li>The follower has passed the cut, and the source has held the same since before it: it is different, be it lost, left
 *       over or invented. The cut is the position in the source's log after the source was read. A follower has passed it when
 *       its replication slot has confirmed that position, and its consumer group has then read its topics up to where they
 *       ended at that moment. Where the source has changed the row meanwhile, a later cut is waited for.
 *   <li>{@code audit.catch-up} is over. The row is behind, the follower lags, and nothing is said against its data.
 * </ul>
 *
 * A row is absent as it is present: one that is missing at the source but not in a follower is in flight until the cut has
 * passed, like one that is missing in the follower. Counts and hashes of the result are those of each row as it was last read,
 * hence the same on both sides where all is equal, writes or not.
 *
 * <h2>Limits</h2>
 *
 * Columns that a side does not have are not compared, and named. No more than 10,000 differing rows a table and follower are
 * held; those beyond are counted as unchecked, and without a difference among the others the follower counts as lagging.
 */
@NullMarked
package dev.afterimage.projection.audit;

import org.jspecify.annotations.NullMarked;
