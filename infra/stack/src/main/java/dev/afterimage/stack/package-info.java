/**
 * Starts real PostgreSQL, Kafka and Kafka Connect as processes on this machine, so that the pipeline runs without
 * Docker.
 */
@NullMarked
package dev.afterimage.stack;

import org.jspecify.annotations.NullMarked;
