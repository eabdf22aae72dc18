/** The command line: runs the pipeline and shows what passes through it. */
@NullMarked
package dev.afterimage.cli;

import org.jspecify.annotations.NullMarked;
