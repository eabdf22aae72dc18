@NullMarked
package dev.afterimage.cli.command;

import org.jspecify.annotations.NullMarked;
