/** The only room that knows Kafka: records come in, batches go out, and what cannot be read is set aside. */
@NullMarked
package dev.afterimage.projection.feed;

import org.jspecify.annotations.NullMarked;
