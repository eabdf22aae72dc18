/** The read model of orders and their items. */
@NullMarked
package dev.afterimage.projection.view.order;

import org.jspecify.annotations.NullMarked;
