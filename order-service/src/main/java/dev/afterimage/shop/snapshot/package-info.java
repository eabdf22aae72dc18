/** Re-publishes what is there, for a consumer that lost or never had it, in an order that no write is overtaken in. */
@NullMarked
package dev.afterimage.shop.snapshot;

import org.jspecify.annotations.NullMarked;
