/** Products and their prices. An order copies the price when it is placed. */
@NullMarked
package dev.afterimage.shop.product;

import org.jspecify.annotations.NullMarked;
