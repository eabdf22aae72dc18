/** The read model of customers. */
@NullMarked
package dev.afterimage.projection.view.customer;

import org.jspecify.annotations.NullMarked;
