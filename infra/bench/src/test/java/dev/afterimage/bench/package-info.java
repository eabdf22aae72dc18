@NullMarked
package dev.afterimage.bench;

import org.jspecify.annotations.NullMarked;
