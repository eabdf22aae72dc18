package dev.afterimage.projection.web;

import dev.afterimage.projection.Reason;
import dev.afterimage.projection.Refusal;
import jakarta.ws.rs.core.HttpHeaders;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The conditions of a request on the entity tag of its resource: {@code If-Match} and {@code If-None-Match}. Conditions
 * on dates are ignored, as RFC 9110 requires for a resource without a modification date.
 *
 * @param match the tags of {@code If-Match}, or {@code *}; empty without this header
 * @param noneMatch the tags of {@code If-None-Match}, or {@code *}; empty without this header
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-13">RFC 9110, Conditional Requests</a>
 */
public record Preconditions(List<String> match, List<String> noneMatch) {

    private static final String ANY = "*";
    private static final String TAG = "(?:W/)?\"[^\\x00-\\x20\"\\x7f]*+\"";
    private static final Pattern TAGS = Pattern.compile(TAG);
    /**
     * Empty elements are allowed, as in every list in a header. Possessive, because the regular expression would
     * otherwise need a stack frame per tag.
     */
    private static final Pattern LIST =
            Pattern.compile("(?:[ \t]*,)*+[ \t]*%1$s[ \t]*+(?:,[ \t]*+(?:%1$s[ \t]*+)?)*+".formatted(TAG));

    public Preconditions {
        match = List.copyOf(match);
        noneMatch = List.copyOf(noneMatch);
    }

    /**
     * Reads the headers. {@link GuardingHeaders} has already refused repeated headers.
     *
     * @throws Refusal when a header is neither {@code *} nor a list of entity tags
     */
    public static Preconditions of(HttpHeaders headers) {
        return of(headers::getHeaderString);
    }

    static Preconditions of(Function<String, @Nullable String> header) {
        return new Preconditions(
                tags(HttpHeaders.IF_MATCH, header.apply(HttpHeaders.IF_MATCH)),
                tags(HttpHeaders.IF_NONE_MATCH, header.apply(HttpHeaders.IF_NONE_MATCH)));
    }

    private static List<String> tags(String name, @Nullable String header) {
        if (header == null) {
            return List.of();
        }
        if (header.strip().equals(ANY)) {
            return List.of(ANY);
        }
        if (!LIST.matcher(header).matches()) {
            throw Refusal.invalid(name, "must be an entity tag in double quotes, as in ETag, or *");
        }
        return TAGS.matcher(header).results().map(MatchResult::group).toList();
    }

    /**
     * Checks that the preconditions allow a change of the aggregate, whose entity tag is its version.
     *
     * @throws Refusal when {@code If-Match} does not contain its tag, or {@code If-None-Match} does
     */
    public void check(String aggregate, long version) {
        var tag = Long.toString(version);
        if (isKnown(aggregate, version, tag)) {
            throw moved(aggregate, version, tag);
        }
    }

    /**
     * Whether the client already has this version, so that the answer is 304.
     *
     * @param opaqueTag the entity tag without the quotes
     * @throws Refusal when {@code If-Match} does not contain the entity tag
     */
    public boolean isKnown(String aggregate, long version, String opaqueTag) {
        var tag = "\"%s\"".formatted(opaqueTag);
        if (!match.isEmpty() && !names(match, tag::equals)) {
            throw moved(aggregate, version, opaqueTag);
        }
        return names(noneMatch, other -> other.equals(tag) || other.equals("W/" + tag));
    }

    /**
     * Checks that the preconditions allow a change at an address that has no entity tag, such as the address of a list.
     *
     * @throws Refusal when {@code If-Match} names a tag, or {@code If-None-Match} is {@code *}
     */
    public void checkUnversioned() {
        if (isKnownUnversioned()) {
            throw unversioned();
        }
    }

    /**
     * Whether the client does not want what is at an address without entity tag, so that the answer is 304.
     *
     * @throws Refusal when {@code If-Match} names a tag
     */
    public boolean isKnownUnversioned() {
        if (!match.isEmpty() && !match.contains(ANY)) {
            throw unversioned();
        }
        return noneMatch.contains(ANY);
    }

    private static Refusal unversioned() {
        return new Refusal(Reason.VERSION_MOVED, "This address has no entity tag.", Map.of());
    }

    private static Refusal moved(String aggregate, long version, String opaqueTag) {
        return new Refusal(
                Reason.VERSION_MOVED,
                "The %s is at version %d, and its entity tag is \"%s\".".formatted(aggregate, version, opaqueTag),
                Map.of("version", version));
    }

    private static boolean names(List<String> tags, Predicate<String> tag) {
        return tags.contains(ANY) || tags.stream().anyMatch(tag);
    }
}
