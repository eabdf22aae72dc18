@NullMarked
package dev.afterimage.stack;

import org.jspecify.annotations.NullMarked;
