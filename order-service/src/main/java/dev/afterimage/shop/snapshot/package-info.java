/**
 * Re-publishes the current state for a consumer that lost it or never had it. A re-published state and the events of
 * concurrent writes keep the order of their commits.
 */
@NullMarked
package dev.afterimage.shop.snapshot;

import org.jspecify.annotations.NullMarked;
