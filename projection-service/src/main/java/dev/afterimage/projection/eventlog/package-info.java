/** Keeps every event as it came, for as long as its retention says; rows are added and never changed. */
@NullMarked
package dev.afterimage.projection.eventlog;

import org.jspecify.annotations.NullMarked;
