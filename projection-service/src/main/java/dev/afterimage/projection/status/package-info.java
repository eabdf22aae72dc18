/** What people and the page see of the running system: live events, statistics and the state of the pipeline. */
@NullMarked
package dev.afterimage.projection.status;

import org.jspecify.annotations.NullMarked;
