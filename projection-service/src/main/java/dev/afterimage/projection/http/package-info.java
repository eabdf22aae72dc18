/** What every refusal and failure looks like to a client, whichever room it comes from. */
@NullMarked
package dev.afterimage.projection.http;

import org.jspecify.annotations.NullMarked;
