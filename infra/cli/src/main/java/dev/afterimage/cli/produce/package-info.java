/** Makes single changes by hand and shows their events. */
@NullMarked
package dev.afterimage.cli.produce;

import org.jspecify.annotations.NullMarked;
