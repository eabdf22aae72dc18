/** The HTTP code that all resources share, so that all answers, and all refusals above all, have one form. */
@NullMarked
package dev.afterimage.projection.web;

import org.jspecify.annotations.NullMarked;
