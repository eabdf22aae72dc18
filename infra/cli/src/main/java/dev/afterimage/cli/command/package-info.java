/** The commands: one class for each, and what several of them share. */
@NullMarked
package dev.afterimage.cli.command;

import org.jspecify.annotations.NullMarked;
