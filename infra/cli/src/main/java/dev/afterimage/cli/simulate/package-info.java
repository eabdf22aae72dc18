/** Makes changes by the million: on any PostgreSQL, or as shop traffic over REST. */
@NullMarked
package dev.afterimage.cli.simulate;

import org.jspecify.annotations.NullMarked;
