/** Rows to PostgreSQL, many at once, and rows from it. */
@NullMarked
package dev.afterimage.projection.sql;

import org.jspecify.annotations.NullMarked;
