/** Commands for operators: dead letters, rebuilds, snapshots, SQL. */
@NullMarked
package dev.afterimage.cli.operations;

import org.jspecify.annotations.NullMarked;
