/**
 * Compares the files for deployments with this repository's code, and with the models of the programs that read them.
 */
@NullMarked
package dev.afterimage.deploy;

import org.jspecify.annotations.NullMarked;
