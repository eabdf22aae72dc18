/** Reads the topics and applies their records in batches, each in one transaction with its position. */
@NullMarked
package dev.afterimage.projection.feed;

import org.jspecify.annotations.NullMarked;
