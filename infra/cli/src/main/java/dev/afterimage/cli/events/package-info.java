/** Reads topics: every record as what it is, a change, a tombstone or something malformed. */
@NullMarked
package dev.afterimage.cli.events;

import org.jspecify.annotations.NullMarked;
