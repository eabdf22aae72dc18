/** Output and questions of commands: on a terminal with colours and redrawn in place, elsewhere as plain lines. */
@NullMarked
package dev.afterimage.cli.terminal;

import org.jspecify.annotations.NullMarked;
