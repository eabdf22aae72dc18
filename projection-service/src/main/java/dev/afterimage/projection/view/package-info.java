/**
 * The read model: it applies changes in any order and any number of times, always with the same result. Other packages
 * only read it.
 */
@NullMarked
package dev.afterimage.projection.view;

import org.jspecify.annotations.NullMarked;
