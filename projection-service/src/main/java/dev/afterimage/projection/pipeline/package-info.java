/** Shows the state of the upstream components, which bring the events to this service. */
@NullMarked
package dev.afterimage.projection.pipeline;

import org.jspecify.annotations.NullMarked;
