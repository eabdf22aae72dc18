/** What is sold and at which price: an order copies the price at the moment it is placed. */
@NullMarked
package dev.afterimage.shop.product;

import org.jspecify.annotations.NullMarked;
