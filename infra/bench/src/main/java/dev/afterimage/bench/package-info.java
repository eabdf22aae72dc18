/**
 * Benchmarks: order-service against the same SQL transaction by plain JDBC, the read model's feed, the audit, and the
 * start.
 */
@NullMarked
package dev.afterimage.bench;

import org.jspecify.annotations.NullMarked;
