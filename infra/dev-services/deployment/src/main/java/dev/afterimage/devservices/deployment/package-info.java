/** Gives an application the outbox pipeline in dev mode and tests. Nothing of this is in what it ships. */
@NullMarked
package dev.afterimage.devservices.deployment;

import org.jspecify.annotations.NullMarked;
