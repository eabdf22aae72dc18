/** The read model: it takes changes in any order, any number of times, and always ends up the same; others only read it. */
@NullMarked
package dev.afterimage.projection.view;

import org.jspecify.annotations.NullMarked;
