/** Holds the files by which others deploy this repository against its code, and against the models of what reads them. */
@NullMarked
package dev.afterimage.manifests;

import org.jspecify.annotations.NullMarked;
