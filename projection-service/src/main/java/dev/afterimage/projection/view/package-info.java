@NullMarked
package dev.afterimage.projection.view;

import org.jspecify.annotations.NullMarked;
