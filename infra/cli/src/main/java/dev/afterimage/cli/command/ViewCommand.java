package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.afterimage.cli.service.Event;
import dev.afterimage.cli.service.RecordReader;
import dev.afterimage.cli.service.Schemas;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.StackException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows tables that are built from topics, in memory and live: the count of each operation, and the current rows. */
@Command(
        name = "view",
        description = {
            "Builds tables from topics in memory and shows them live: counts, and the rows that match.",
            "Counts are of all rows. Of rows, the newest are kept, about 4 MB of JSON."
        })
public final class ViewCommand extends PipelineCommand {

    private static final long MAX_CHARACTERS = 4 << 20;

    @Parameters(arity = "0..*", paramLabel = "TOPIC", description = "(order.events customer.events product.events)")
    private List<String> topics = List.of("order.events", "customer.events", "product.events");

    @Option(
            names = "--where",
            paramLabel = "CONDITION",
            description = "only rows that match, for example 'total > 1000 and status = PAID'")
    private @Nullable String where;

    @Option(
            names = "--table",
            paramLabel = "NAME",
            description = "table whose rows are shown, by its name in the counts (the first with rows)")
    private @Nullable String shown;

    @Option(
            names = "--join",
            paramLabel = "FIELD=NAME",
            description = "adds to each row the row of another table whose key is in the field (customerId=customer)")
    private String join = "customerId=customer";

    @Option(names = "--key", paramLabel = "KEY", description = "only the row with this key")
    private @Nullable String key;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "15",
            description = "rows to show, the newest (${DEFAULT-VALUE})")
    private int limit;

    @Option(names = "--once", description = "end at the current end of the topics")
    private boolean once;

    @Option(names = "--json", description = "counts and the kept rows that match as one JSON object")
    private boolean json;

    @Mixin
    private Schemas.Option registry = new Schemas.Option();

    /** A table: all its keys, its newest rows as JSON by key, the last changed row last, and the count of each operation. */
    private static final class Rows {
        private final TableKeys keys = new TableKeys();
        private final LinkedHashMap<String, String> newest = new LinkedHashMap<>();
        private long characters;
        private long inserts;
        private long updates;
        private long deletes;
        private long malformed;

        /** @param joined whether other tables need rows that do not fit too */
        private void apply(Event event, Predicate<Event> fits, boolean joined, long maxCharacters) {
            String key = event.key();
            if ("t".equals(event.op())) { // a truncate, which has no key
                keys.clear();
                newest.clear();
                characters = 0;
                return;
            }
            if (key == null || event.kind() == Event.Kind.TEXT || event.kind() == Event.Kind.BINARY) {
                malformed++;
                return;
            }
            if (event.after().isObject()) {
                boolean fitting = fits.test(event);
                drop(key);
                keys.put(key, fitting);
                if (fitting || joined) {
                    String row = event.after().toString();
                    newest.put(key, row);
                    characters += row.length();
                    while (characters > maxCharacters) {
                        drop(newest.firstEntry().getKey());
                    }
                }
            }
            switch (Objects.toString(event.op(), "")) {
                case "c", "r" -> inserts++;
                case "u" -> updates++;
                case "d" -> {
                    deletes++;
                    remove(key);
                }
                case "tombstone" -> remove(key);
                default -> {
                    // a row without an envelope, so its operation is unknown
                }
            }
        }

        private void remove(String key) {
            keys.remove(key);
            drop(key);
        }

        private void drop(String key) {
            String row = newest.remove(key);
            characters -= row == null ? 0 : row.length();
        }
    }

    private final Map<String, Rows> tables = new LinkedHashMap<>();

    @Override
    public Integer call() {
        Condition condition;
        try {
            condition = Condition.parse(where);
        } catch (IllegalArgumentException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
        String[] joined = join.split("=", 2);
        if (joined.length < 2 || limit < 1) {
            throw wrong("--join is a field and a table, such as customerId=customer, and --limit at least 1");
        }
        Schemas schemas = registry.orOf(ports);
        try (Screen screen = screen();
                RecordReader reader = new RecordReader(ports.bootstrapServers(), topics)) {
            reader.fromBeginning();
            Predicate<Event> fits = event -> (key == null || key.equals(event.key())) && condition.fits(event.after());
            boolean changed = true;
            while (true) {
                for (ConsumerRecord<byte[], byte[]> record : reader.poll()) {
                    Event event = Event.of(record, schemas);
                    // a tombstone does not say which table it belongs to, but the other events of its topic do
                    String name = event.entity().equals(record.topic()) ? entity(record.topic()) : event.entity();
                    tables.computeIfAbsent(name, _ -> new Rows())
                            .apply(event, fits, name.equals(joined[1]), MAX_CHARACTERS / topics.size());
                    changed = true;
                }
                boolean complete = reader.caughtUp();
                if (changed && (complete || (screen.live() && !once))) {
                    show(screen, condition, joined);
                    changed = false;
                }
                if (once && complete) {
                    return 0;
                }
                screen.flush();
            }
        }
    }

    private static String entity(String topic) {
        String[] parts = topic.split("\\.", -1);
        return topic.endsWith(".events")
                ? topic.substring(0, topic.length() - ".events".length())
                : parts[parts.length - 1];
    }

    private void show(Screen screen, Condition condition, String[] joined) {
        String table = table();
        Rows rows = tables.getOrDefault(table, new Rows());
        // the rows of the other table are kept too when they do not fit
        Stream<String> fitting = rows.newest.reversed().entrySet().stream()
                .filter(row -> key == null || key.equals(row.getKey()))
                .map(Map.Entry::getValue)
                .filter(row -> condition.fits(Event.row(row)));
        if (json) {
            json(screen, table, fitting.toList().reversed(), joined);
            return;
        }
        List<JsonNode> newest = fitting.limit(limit).map(Event::row).toList();
        List<String> lines = new ArrayList<>(screen.tableLines(
                List.of("table", "rows", "inserts", "updates", "deletes", "malformed"),
                tables.entrySet(),
                each -> List.of(
                        each.getKey(),
                        Integer.toString(each.getValue().keys.size()),
                        Long.toString(each.getValue().inserts),
                        Long.toString(each.getValue().updates),
                        Long.toString(each.getValue().deletes),
                        Long.toString(each.getValue().malformed))));
        lines.add("");
        int all = rows.keys.fitting();
        lines.add(Screen.visible(all + " of " + table + (where == null ? "" : " where " + where)
                + (rows.newest.size() < all ? ", of which the newest " + rows.newest.size() + " are kept" : "")));
        Set<String> columns = new LinkedHashSet<>();
        newest.forEach(row -> row.properties().forEach(field -> {
            if (field.getValue().isValueNode()) {
                columns.add(field.getKey());
            }
        }));
        List<String> headings = new ArrayList<>(columns);
        boolean joins = columns.contains(joined[0]) && tables.containsKey(joined[1]);
        if (joins) {
            headings.addFirst(joined[1]);
        }
        lines.addAll(screen.tableLines(headings, newest, row -> headings.stream()
                .map(heading -> joins && heading.equals(headings.getFirst())
                        ? Event.row(other(row, joined)).path("name").asText("?")
                        : row.path(heading).asText())
                .toList()));
        if (once) {
            screen.print(lines);
        } else {
            screen.redraw(lines);
        }
    }

    /** The kept row of the other table, as JSON. */
    private String other(JsonNode row, String[] joined) {
        return tables.getOrDefault(joined[1], new Rows())
                .newest
                .getOrDefault(row.path(joined[0]).asText(), "null");
    }

    private String table() {
        if (shown != null) {
            if (!tables.containsKey(shown) && !tables.isEmpty()) {
                throw new StackException("No event is of a table " + shown + "; there are " + tables.keySet() + ".");
            }
            return shown;
        }
        List<String> withRows = tables.entrySet().stream()
                .filter(each -> each.getValue().keys.size() > 0)
                .map(Map.Entry::getKey)
                .toList();
        return withRows.stream()
                .filter(topics.getFirst()::contains)
                .findFirst()
                .or(() -> withRows.stream().findFirst())
                .orElse(entity(topics.getFirst()));
    }

    private void json(Screen screen, String table, List<String> fitting, String[] joined) {
        Map<String, Object> counts = new LinkedHashMap<>();
        tables.forEach((name, rows) -> counts.put(
                name,
                Map.of(
                        "rows", rows.keys.size(),
                        "kept", rows.newest.size(),
                        "inserts", rows.inserts,
                        "updates", rows.updates,
                        "deletes", rows.deletes,
                        "malformed", rows.malformed)));
        List<Object> rows = new ArrayList<>();
        for (String row : fitting) {
            rows.add(Map.of(table, new RawValue(row), joined[1], new RawValue(other(Event.row(row), joined))));
        }
        screen.json(Map.of("tables", counts, "rows", rows));
    }
}
