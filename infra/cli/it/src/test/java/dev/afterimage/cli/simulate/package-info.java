@NullMarked
package dev.afterimage.cli.simulate;

import org.jspecify.annotations.NullMarked;
