@NullMarked
package dev.afterimage.cli.command.simulate;

import org.jspecify.annotations.NullMarked;
