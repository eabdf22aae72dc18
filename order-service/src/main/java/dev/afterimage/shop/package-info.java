/** What all features share: how they refuse a request. */
@NullMarked
package dev.afterimage.shop;

import org.jspecify.annotations.NullMarked;
