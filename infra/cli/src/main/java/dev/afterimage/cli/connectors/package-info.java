/** Sets up and controls Kafka Connect's connectors. */
@NullMarked
package dev.afterimage.cli.connectors;

import org.jspecify.annotations.NullMarked;
