/** What all resources share, so that every answer, above all a refusal, looks the same to a client. */
@NullMarked
package dev.afterimage.shop.http;

import org.jspecify.annotations.NullMarked;
