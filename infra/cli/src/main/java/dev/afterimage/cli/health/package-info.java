/** Says how the pipeline is, by the thresholds that are given. */
@NullMarked
package dev.afterimage.cli.health;

import org.jspecify.annotations.NullMarked;
