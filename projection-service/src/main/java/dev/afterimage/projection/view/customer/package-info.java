/** Customers, as their events left them. */
@NullMarked
package dev.afterimage.projection.view.customer;

import org.jspecify.annotations.NullMarked;
