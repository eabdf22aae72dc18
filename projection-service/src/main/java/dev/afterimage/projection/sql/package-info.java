/** How many rows go to PostgreSQL at once. */
@NullMarked
package dev.afterimage.projection.sql;

import org.jspecify.annotations.NullMarked;
