/** Shows what was just applied to whoever watches, without the feed ever waiting for a watcher. */
@NullMarked
package dev.afterimage.projection.live;

import org.jspecify.annotations.NullMarked;
