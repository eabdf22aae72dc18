/** What an operator asks of the services: dead letters, rebuilds, snapshots. */
@NullMarked
package dev.afterimage.cli.operations;

import org.jspecify.annotations.NullMarked;
