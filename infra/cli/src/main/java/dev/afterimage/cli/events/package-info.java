/** Reads topics and shows every record: a change, a tombstone or a malformed record. */
@NullMarked
package dev.afterimage.cli.events;

import org.jspecify.annotations.NullMarked;
