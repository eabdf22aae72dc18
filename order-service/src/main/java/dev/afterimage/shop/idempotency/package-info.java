/** Makes a POST safe to repeat: stores the answer of each {@code Idempotency-Key} with the work. */
@NullMarked
package dev.afterimage.shop.idempotency;

import org.jspecify.annotations.NullMarked;
