/** An order and everything that can happen to it, from the request to the row and its announcement. */
@NullMarked
package dev.afterimage.shop.order;

import org.jspecify.annotations.NullMarked;
