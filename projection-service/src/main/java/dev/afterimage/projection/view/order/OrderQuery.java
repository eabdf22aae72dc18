package dev.afterimage.projection.view.order;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which orders are asked for, newest first.
 *
 * @param status null for every status
 * @param customerId null for every customer
 * @param minTotal null for every total
 * @param after null for the first page
 */
record OrderQuery(
        @Nullable OrderStatus status,
        @Nullable UUID customerId,
        @Nullable BigDecimal minTotal,
        int limit,
        @Nullable Cursor after) {

    /** The last order of a page. The next page begins behind it, whatever was added or deleted meanwhile. */
    record Cursor(Instant createdAt, UUID id) {

        private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
        private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999Z");

        static Cursor of(OrderView order) {
            return new Cursor(order.createdAt(), order.id());
        }

        /**
         * Reads what {@link #text()} wrote.
         *
         * @throws IllegalArgumentException when it is something else
         */
        static Cursor parse(String text) {
            String plain = new String(Base64.getUrlDecoder().decode(text), StandardCharsets.US_ASCII);
            int slash = plain.indexOf('/');
            if (slash < 0) {
                throw new IllegalArgumentException("no cursor");
            }
            try {
                Instant createdAt = Instant.parse(plain.substring(0, slash));
                if (createdAt.isBefore(FIRST) || createdAt.isAfter(LAST)) {
                    throw new IllegalArgumentException("no cursor");
                }
                return new Cursor(createdAt, UUID.fromString(plain.substring(slash + 1)));
            } catch (DateTimeException e) {
                throw new IllegalArgumentException("no cursor", e);
            }
        }

        String text() {
            byte[] plain = (createdAt + "/" + id).getBytes(StandardCharsets.US_ASCII);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(plain);
        }
    }
}
