/** Tests of the web page, which loads only its own code, in a real browser. */
@NullMarked
package dev.afterimage.projection.page;

import org.jspecify.annotations.NullMarked;
