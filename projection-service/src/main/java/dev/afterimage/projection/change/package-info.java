/** What an event says, read strictly from bytes, so that no other room has to doubt a value. */
@NullMarked
package dev.afterimage.projection.change;

import org.jspecify.annotations.NullMarked;
