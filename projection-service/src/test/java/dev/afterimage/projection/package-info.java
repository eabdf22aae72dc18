@NullMarked
package dev.afterimage.projection;

import org.jspecify.annotations.NullMarked;
