/** Writes many rows to PostgreSQL at once, and reads rows. */
@NullMarked
package dev.afterimage.projection.sql;

import org.jspecify.annotations.NullMarked;
