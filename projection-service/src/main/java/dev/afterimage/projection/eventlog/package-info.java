/** The event log: keeps every event as received, until its retention ends. Rows are added and never changed. */
@NullMarked
package dev.afterimage.projection.eventlog;

import org.jspecify.annotations.NullMarked;
