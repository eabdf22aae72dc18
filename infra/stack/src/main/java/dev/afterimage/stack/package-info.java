/** Starts real PostgreSQL, Kafka and Kafka Connect as processes of this machine, so that nobody needs Docker to try. */
@NullMarked
package dev.afterimage.stack;

import org.jspecify.annotations.NullMarked;
