/** What a command prints, and how it asks: on a terminal in colours and in place, elsewhere as plain lines. */
@NullMarked
package dev.afterimage.cli.terminal;

import org.jspecify.annotations.NullMarked;
