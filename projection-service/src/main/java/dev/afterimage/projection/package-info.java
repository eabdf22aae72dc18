/** What all features share: how they refuse a request. */
@NullMarked
package dev.afterimage.projection;

import org.jspecify.annotations.NullMarked;
