/** Builds the read model anew beside the live one and puts it in its place, while reads and events go on. */
@NullMarked
package dev.afterimage.projection.rebuild;

import org.jspecify.annotations.NullMarked;
