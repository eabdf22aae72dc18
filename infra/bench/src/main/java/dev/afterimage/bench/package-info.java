/** The bench: what an order costs through order-service, beside the same SQL transaction by plain JDBC. */
@NullMarked
package dev.afterimage.bench;

import org.jspecify.annotations.NullMarked;
