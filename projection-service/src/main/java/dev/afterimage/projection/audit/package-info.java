/**
 * Compares the source, the read model and Debezium's replica row by row, while all three are written. The read model
 * and the replica are the followers.
 *
 * <h2>Reading</h2>
 *
 * The audit reads each table in ranges of its primary key. A range ends at the side that first reaches {@code
 * audit.range-rows} rows, so that the range is short on each side, even if a follower has too many or too few rows. On
 * each side PostgreSQL counts the rows of the range and adds up their 64-bit hashes. The hash is the first half of the
 * MD5 of the key and all columns in a canonical text; a number, a time or a text has the same canonical text in every
 * column type. Only if count or sum differ, the audit fetches the hash of each row. A statement reads one range by its
 * index and is its own transaction. So the audit holds no snapshot, locks nothing and sorts nothing, and vacuum waits
 * for one range at most. The load is three statements per range and side; the third is needed only for ranges that
 * differ. The hash misses an accidental difference once in 2<sup>64</sup>; it does not protect against a deliberate
 * one.
 *
 * <h2>Settling</h2>
 *
 * The sides are read one after the other, and changes need time to reach a follower. So a change of a differing row may
 * be in flight. The audit reads such rows again, the follower before the source, until one of these is true for each
 * row:
 *
 * <ul>
 *   <li>The row is equal. Its change was in flight.
 *   <li>Both sides hold the same version of the row with different data. A version identifies one state of a row, and a
 *       follower writes a state as a whole. So no event in flight can resolve this: the row is different. The
 *       lines of an order belong to the order's version, and the read model writes them together. The replica's sink
 *       does not write them together; there the lines have no version.
 *   <li>The follower has passed the cut, and the source has not changed the row since before the cut: the row is
 *       different. It was lost, left over or invented. The cut is the position in the source's WAL after the source was
 *       read. A follower has passed the cut when its replication slot has confirmed that position, and its consumer
 *       group has then read its topics up to the ends that they had at that moment. If the source has changed the row
 *       meanwhile, the audit waits for a later cut.
 *   <li>The time {@code audit.catch-up} is over. The row is behind and the follower lags. The data may still be right.
 * </ul>
 *
 * The same rules hold for a row that exists on one side only: until the cut has passed, it counts as in flight. Counts
 * and hashes of the result use the state in which each row was last read. So they are equal on both sides if all rows
 * are equal, even while rows are written.
 *
 * <h2>Limits</h2>
 *
 * Columns that a side does not have are not compared; the report names them. The audit holds at most 10,000 differing
 * rows per table and follower. It counts further rows as unchecked. If none of the held rows is different, the follower
 * then counts as lagging.
 */
@NullMarked
package dev.afterimage.projection.audit;

import org.jspecify.annotations.NullMarked;
