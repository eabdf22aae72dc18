/** Lets a test say what an operation of the application published, and what it did not. */
@NullMarked
package dev.afterimage.devservices.testing;

import org.jspecify.annotations.NullMarked;
