package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A predicate on a row's fields: comparisons joined by {@code and}. Numbers are compared as numbers, also when they are
 * strings.
 */
record Condition(List<Comparison> comparisons) {

    private static final Pattern COMPARISON =
            Pattern.compile("\\s*([A-Za-z_][\\w.]*)\\s*(<=|>=|!=|<>|=|<|>)\\s*('[^']*'|[^\\s']+)\\s*");

    private record Comparison(String field, String operator, String value) {

        private boolean fits(JsonNode row) {
            JsonNode at = row.at("/" + field.replace('.', '/'));
            if (at.isMissingNode() || at.isNull()) {
                return false;
            }
            int order = order(at.asText(), value);
            return switch (operator) {
                case "=" -> order == 0;
                case "!=", "<>" -> order != 0;
                case "<" -> order < 0;
                case "<=" -> order <= 0;
                case ">" -> order > 0;
                default -> order >= 0;
            };
        }

        private static int order(String one, String other) {
            try {
                return new BigDecimal(one).compareTo(new BigDecimal(other));
            } catch (NumberFormatException e) {
                return one.compareTo(other);
            }
        }
    }

    /**
     * Parses a condition; null matches every row.
     *
     * @throws IllegalArgumentException when the text is not a condition; the message is one sentence
     */
    static Condition parse(@Nullable String text) {
        List<Comparison> comparisons = new ArrayList<>();
        if (text != null) {
            for (String part : text.split("(?i)\\sand\\s", -1)) {
                Matcher comparison = COMPARISON.matcher(part);
                if (!comparison.matches()) {
                    throw new IllegalArgumentException(
                            "'" + part.strip() + "' is not a comparison such as total > 1000 or status = PAID");
                }
                comparisons.add(new Comparison(
                        comparison.group(1),
                        comparison.group(2),
                        comparison.group(3).replace("'", "")));
            }
        }
        return new Condition(comparisons);
    }

    boolean fits(JsonNode row) {
        return comparisons.stream().allMatch(comparison -> comparison.fits(row));
    }
}
