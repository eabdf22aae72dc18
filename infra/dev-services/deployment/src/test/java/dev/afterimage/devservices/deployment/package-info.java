@NullMarked
package dev.afterimage.devservices.deployment;

import org.jspecify.annotations.NullMarked;
