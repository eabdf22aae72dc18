/** Customers. Each order belongs to one; the read model shows the customer's name with the order. */
@NullMarked
package dev.afterimage.shop.customer;

import org.jspecify.annotations.NullMarked;
