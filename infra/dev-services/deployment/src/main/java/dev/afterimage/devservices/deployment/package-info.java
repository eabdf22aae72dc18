/** Gives an application the outbox pipeline in dev mode and tests. The packaged application has none of this. */
@NullMarked
package dev.afterimage.devservices.deployment;

import org.jspecify.annotations.NullMarked;
