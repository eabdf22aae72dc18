/** The service tested through its real entrance, on a real PostgreSQL. */
@NullMarked
package dev.afterimage.shop;

import org.jspecify.annotations.NullMarked;
