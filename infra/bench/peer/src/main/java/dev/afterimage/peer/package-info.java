/**
 * A peer to measure beside: the idea of Debezium's own outbox example on the same Quarkus. One process takes orders, another
 * one, with the same classes, consumes their events.
 *
 * @see <a href="https://github.com/debezium/debezium-examples/tree/main/outbox">the example</a>
 */
@NullMarked
package dev.afterimage.peer;

import org.jspecify.annotations.NullMarked;
