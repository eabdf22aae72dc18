/** Orders: their commands and queries, from the request to the row and its event. */
@NullMarked
package dev.afterimage.shop.order;

import org.jspecify.annotations.NullMarked;
