/** The web page, which has no code but its own, in a real browser. */
@NullMarked
package dev.afterimage.projection.page;

import org.jspecify.annotations.NullMarked;
