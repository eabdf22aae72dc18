/**
 * The transactional outbox: a change and its event commit in one transaction, so that neither exists without the other.
 */
@NullMarked
package dev.afterimage.shop.outbox;

import org.jspecify.annotations.NullMarked;
