/** Announces a change in the transaction that makes it, so that neither exists without the other. */
@NullMarked
package dev.afterimage.shop.outbox;

import org.jspecify.annotations.NullMarked;
