/** What the tests of several modules need alike: SQL, sizes, and what both services must do in the same way. */
@NullMarked
package dev.afterimage.testing;

import org.jspecify.annotations.NullMarked;
