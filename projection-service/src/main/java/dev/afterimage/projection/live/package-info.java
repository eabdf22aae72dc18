/** Shows applied events to live watchers. The feed never waits for a watcher. */
@NullMarked
package dev.afterimage.projection.live;

import org.jspecify.annotations.NullMarked;
