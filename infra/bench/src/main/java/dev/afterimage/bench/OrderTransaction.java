package dev.afterimage.bench;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The statements that the service sends to PostgreSQL for one order, between begin and commit. They are read from the
 * server's log, so that the JDBC side never differs from the service, even after a change of the service.
 */
record OrderTransaction(List<Step> steps) {

    /** The prefix of each log entry. No line of a statement begins with it; see {@code log_line_prefix}. */
    static final String LOG_LINE_PREFIX = "|%p|";

    private static final Pattern ENTRY = Pattern.compile("\\|([0-9]+)\\|(LOG|DETAIL): {2}(.*)", Pattern.DOTALL);
    private static final Pattern STATEMENT = Pattern.compile("(?:execute [^:]+|statement): (.*)", Pattern.DOTALL);
    private static final Pattern PARAMETER = Pattern.compile("\\$[0-9]+ = (?:'((?:[^']|'')*)'|NULL)", Pattern.DOTALL);

    OrderTransaction {
        steps = List.copyOf(steps);
    }

    /**
     * One statement.
     *
     * @param sql with question marks for parameters
     * @param rows the parameters of each execution; more than one row is a batch
     */
    record Step(String sql, List<List<@Nullable String>> rows) {

        boolean query() {
            return sql.startsWith("select");
        }
    }

    /** The last complete transaction in the log that inserts rows; empty if the log has none. */
    static Optional<OrderTransaction> lastIn(String log) {
        Map<String, Deque<Step>> open = new HashMap<>();
        Optional<OrderTransaction> last = Optional.empty();
        for (String text : log.split("(?m)^(?=\\|[0-9]+\\|)", -1)) {
            Matcher entry = ENTRY.matcher(text.strip().replace("\n\t", "\n"));
            if (!entry.matches()) {
                continue;
            }
            String process = entry.group(1);
            Deque<Step> steps = open.get(process);
            if (entry.group(2).equals("DETAIL")) {
                if (steps != null && !steps.isEmpty()) {
                    steps.getLast().rows().set(0, parameters(entry.group(3)));
                }
                continue;
            }
            Matcher statement = STATEMENT.matcher(entry.group(3));
            if (!statement.matches()) {
                continue;
            }
            String sql = statement.group(1).strip();
            if (sql.equalsIgnoreCase("begin")) {
                open.put(process, new ArrayDeque<>());
            } else if (sql.equalsIgnoreCase("commit")) {
                open.remove(process);
                if (steps != null && steps.stream().anyMatch(step -> step.sql().startsWith("insert"))) {
                    last = Optional.of(new OrderTransaction(batched(steps)));
                }
            } else if (steps != null) {
                List<List<@Nullable String>> rows = new ArrayList<>();
                rows.add(List.of());
                steps.add(new Step(sql.replaceAll("\\$[0-9]+", "?"), rows));
            }
        }
        return last;
    }

    private static List<@Nullable String> parameters(String detail) {
        List<@Nullable String> values = new ArrayList<>();
        for (Matcher parameter = PARAMETER.matcher(detail); parameter.find(); ) {
            String value = parameter.group(1);
            values.add(value == null ? null : value.replace("''", "'"));
        }
        return values;
    }

    private static List<Step> batched(Iterable<Step> steps) {
        Deque<Step> batched = new ArrayDeque<>();
        for (Step step : steps) {
            Step before = batched.peekLast();
            if (before != null && !step.query() && step.sql().equals(before.sql())) {
                before.rows().addAll(step.rows());
            } else {
                batched.add(step);
            }
        }
        return List.copyOf(batched);
    }

    /** The statements, one per line, a batch with its size. */
    String outline() {
        StringBuilder outline = new StringBuilder();
        for (Step step : steps) {
            outline.append("    ").append(step.sql().replaceAll("\\s+", " "));
            if (step.rows().size() > 1) {
                outline.append("   (a batch of ").append(step.rows().size()).append(')');
            }
            outline.append(System.lineSeparator());
        }
        return outline.toString();
    }
}
