package dev.afterimage.shop.http;

import dev.afterimage.shop.outbox.Image;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The versions that a change may build upon, as the client's {@code If-Match} names them by their entity tags.
 *
 * @param tags empty where any version will do: no header, or {@code *}
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1">RFC 9110, If-Match</a>
 */
public record IfMatch(Optional<Set<String>> tags) {
    public static final String HEADER = "If-Match";
    /** Possessive, for it would otherwise take the stack a frame per tag. */
    private static final Pattern TAGS = Pattern.compile("(W/)?\"[^\"]*\"( *, *(W/)?\"[^\"]*\")*+");

    /**
     * Reads the header; null is no header.
     *
     * @throws Refusal.InvalidFields when the header is neither {@code *} nor a list of entity tags
     */
    public static IfMatch of(@Nullable String header) {
        if (header == null || header.strip().equals("*")) {
            return new IfMatch(Optional.empty());
        }
        if (!TAGS.matcher(header.strip()).matches()) {
            throw new Refusal.InvalidFields(HEADER, "must be an entity tag in double quotes, as in ETag, or *");
        }
        return new IfMatch(Optional.of(
                Arrays.stream(header.split(",")).map(String::strip).collect(Collectors.toUnmodifiableSet())));
    }

    /**
     * Passes where the aggregate may be changed.
     *
     * @throws Refusal.VersionMoved when the aggregate is at none of these versions; a weak tag never matches
     */
    public void check(String aggregate, Image current) {
        var tag = "\"%d\"".formatted(current.version());
        if (tags.isPresent() && !tags.get().contains(tag)) {
            throw new Refusal.VersionMoved(aggregate, current.version());
        }
    }
}
