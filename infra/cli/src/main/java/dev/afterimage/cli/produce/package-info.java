/** Makes single changes by hand and shows the events that come of them. */
@NullMarked
package dev.afterimage.cli.produce;

import org.jspecify.annotations.NullMarked;
