/** Products, as their events left them. */
@NullMarked
package dev.afterimage.projection.view.product;

import org.jspecify.annotations.NullMarked;
