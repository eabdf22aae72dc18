/** The statistics of the service, for people and for the page. */
@NullMarked
package dev.afterimage.projection.stats;

import org.jspecify.annotations.NullMarked;
