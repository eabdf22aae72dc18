/** Tells how the parts before this service are: those that bring it the events. */
@NullMarked
package dev.afterimage.projection.pipeline;

import org.jspecify.annotations.NullMarked;
