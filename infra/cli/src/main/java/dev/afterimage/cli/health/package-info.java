/** Reports the state of the pipeline, by thresholds. */
@NullMarked
package dev.afterimage.cli.health;

import org.jspecify.annotations.NullMarked;
