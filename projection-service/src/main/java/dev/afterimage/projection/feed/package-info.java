/**
 * The only package that uses Kafka: it reads records, applies them in batches, and turns refused records into dead
 * letters.
 */
@NullMarked
package dev.afterimage.projection.feed;

import org.jspecify.annotations.NullMarked;
