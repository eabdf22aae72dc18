/** Who buys: an order must name one, and later the read model shows its name beside the order. */
@NullMarked
package dev.afterimage.shop.customer;

import org.jspecify.annotations.NullMarked;
