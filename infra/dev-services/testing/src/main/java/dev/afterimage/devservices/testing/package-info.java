/** Lets a test check which events an operation of the application published. */
@NullMarked
package dev.afterimage.devservices.testing;

import org.jspecify.annotations.NullMarked;
