@NullMarked
package dev.afterimage.cli.events;

import org.jspecify.annotations.NullMarked;
