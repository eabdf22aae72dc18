@NullMarked
package dev.afterimage.shop.order;

import org.jspecify.annotations.NullMarked;
