/** Sets up and steers Kafka Connect's connectors. */
@NullMarked
package dev.afterimage.cli.connectors;

import org.jspecify.annotations.NullMarked;
