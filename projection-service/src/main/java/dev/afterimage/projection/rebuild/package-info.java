/** Rebuilds the read model in a second schema and then replaces the live one. Reads and events continue. */
@NullMarked
package dev.afterimage.projection.rebuild;

import org.jspecify.annotations.NullMarked;
