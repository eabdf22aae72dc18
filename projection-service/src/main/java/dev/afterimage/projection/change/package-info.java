/** Reads events strictly from bytes, so that no other package has to check a value again. */
@NullMarked
package dev.afterimage.projection.change;

import org.jspecify.annotations.NullMarked;
