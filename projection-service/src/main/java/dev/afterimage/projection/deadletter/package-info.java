/** Keeps refused records, in a table and in a topic, until they are replayed or discarded. */
@NullMarked
package dev.afterimage.projection.deadletter;

import org.jspecify.annotations.NullMarked;
