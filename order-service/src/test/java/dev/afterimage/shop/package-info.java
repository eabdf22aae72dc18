/** Tests of the service through its HTTP API, on a real PostgreSQL. */
@NullMarked
package dev.afterimage.shop;

import org.jspecify.annotations.NullMarked;
