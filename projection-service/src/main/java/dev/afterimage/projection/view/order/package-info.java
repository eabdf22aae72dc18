/** Orders with their items, as their events left them. */
@NullMarked
package dev.afterimage.projection.view.order;

import org.jspecify.annotations.NullMarked;
