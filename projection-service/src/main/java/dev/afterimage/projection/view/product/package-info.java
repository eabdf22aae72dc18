/** The read model of products. */
@NullMarked
package dev.afterimage.projection.view.product;

import org.jspecify.annotations.NullMarked;
