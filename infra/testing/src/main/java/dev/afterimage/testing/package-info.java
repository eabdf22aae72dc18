/** Common parts of the tests of several modules: SQL, test sizes, and rules that both services must follow. */
@NullMarked
package dev.afterimage.testing;

import org.jspecify.annotations.NullMarked;
