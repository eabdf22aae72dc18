package dev.afterimage.projection.view;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;

/** The last row of a page. The next page begins after it, even if rows were added or deleted meanwhile. */
@RegisterForReflection
public record Cursor(Instant createdAt, UUID id) {

    private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999Z");

    static Cursor of(View view) {
        return new Cursor(view.createdAt(), view.id());
    }

    /**
     * Parses the result of {@link #toString()}.
     *
     * @throws IllegalArgumentException when the text has another form
     */
    public static Cursor fromString(String text) {
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

    @Override
    public String toString() {
        byte[] plain = (createdAt + "/" + id).getBytes(StandardCharsets.US_ASCII);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(plain);
    }
}
