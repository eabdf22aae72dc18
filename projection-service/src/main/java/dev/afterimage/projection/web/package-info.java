/** The HTTP code that all resources share, so that all refusals and failures have one form. */
@NullMarked
package dev.afterimage.projection.web;

import org.jspecify.annotations.NullMarked;
