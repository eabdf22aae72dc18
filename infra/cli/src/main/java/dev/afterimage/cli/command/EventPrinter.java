package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.service.Event;
import dev.afterimage.cli.service.Event.Kind;
import dev.afterimage.cli.terminal.Figures;
import dev.afterimage.cli.terminal.Screen;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help.Ansi.Style;

/** Formats events for people, as JSON, or unchanged. */
public final class EventPrinter {

    /** The output formats. */
    public enum Format {
        /** A heading line, and the changed fields. */
        pretty,
        /** One JSON object per event. */
        json,
        /** Key, tab, value: as they are on the topic, but without control characters on a terminal. */
        raw
    }

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    private final Screen screen;
    private final Format format;
    private final int width;

    public EventPrinter(Screen screen, Format format) {
        this.screen = screen;
        this.format = format;
        this.width = screen.width();
    }

    /**
     * Appends the event, each line with its line end.
     *
     * @param latencyMs from the source's commit until now; null for an event that was on the topic before, where it has
     *     no meaning
     */
    public void print(Event event, @Nullable Long latencyMs, StringBuilder to) {
        switch (format) {
            case json ->
                to.append(Screen.visible(event.toJson(latencyMs).toString())).append('\n');
            case raw ->
                to.append(text(event.record().key()))
                        .append('\t')
                        .append(text(event.record().value()))
                        .append('\n');
            case pretty -> pretty(event, latencyMs, to);
        }
    }

    private String text(byte @Nullable [] bytes) {
        String text = bytes == null ? "null" : new String(bytes, StandardCharsets.UTF_8);
        return screen.live() ? Screen.visible(text) : text;
    }

    private void pretty(Event event, @Nullable Long latencyMs, StringBuilder to) {
        String time = TIME.format(Instant.ofEpochMilli(event.record().timestamp()));
        String topic = event.record().topic();
        String place = event.record().partition() + "@" + event.record().offset();
        String key = Screen.visible(event.key() == null ? "no key" : event.key());
        to.append(screen.paint(Style.faint, time))
                .append(' ')
                .append(operation(event))
                .append(' ')
                .append(screen.paint(Style.bold, topic))
                .append(' ')
                .append(place)
                .append("  ")
                .append(key);
        List<String> details = new ArrayList<>();
        if (latencyMs != null) {
            String latency = Figures.duration(Duration.ofMillis(latencyMs));
            // the operation is one character
            if (String.join(" ", time, "c", topic, place, "", key, "", latency).length() <= width) {
                to.append("  ").append(latency);
            } else {
                details.add(latency);
            }
        }
        to.append('\n');
        event.headers().forEach((name, value) -> {
            if (!value.isEmpty()) {
                details.add(name + "=" + value);
            }
        });
        if (!details.isEmpty()) {
            to.append(screen.paint(Style.faint, screen.cut("  " + String.join("  ", details))))
                    .append('\n');
        }
        body(event, to);
    }

    private void body(Event event, StringBuilder to) {
        switch (event.kind()) {
            case TOMBSTONE -> line(Style.faint, " ", "tombstone: the key is gone", to);
            case TEXT -> line(Style.fg_yellow, "!", "not JSON: " + event.text(), to);
            case BINARY -> line(Style.fg_yellow, "!", "not text: " + event.text(), to);
            case ROW -> fields(Style.fg_green, "+", event.after(), to);
            case CHANGE -> {
                if (event.before().isObject() && event.after().isObject()) {
                    changes("", event.before(), event.after(), to);
                } else if (event.after().isObject()) {
                    fields(Style.fg_green, "+", event.after(), to);
                } else if (event.before().isObject()) {
                    fields(Style.fg_red, "-", event.before(), to);
                } else if ("t".equals(event.op())) {
                    line(Style.fg_red, "-", "truncate: every row is gone", to);
                } else {
                    line(Style.fg_yellow, "!", "without an image: " + event.before() + " → " + event.after(), to);
                }
            }
        }
    }

    /**
     * Prints the smallest values that differ, in the order of the fields, with paths such as {@code items[0].quantity}.
     *
     * @param before null if the value did not exist before
     * @param after null if the value does not exist any more
     */
    private void changes(String path, @Nullable JsonNode before, @Nullable JsonNode after, StringBuilder to) {
        if (before == null) {
            line(Style.fg_green, "+", path + " " + after, to);
        } else if (after == null) {
            line(Style.fg_red, "-", path + " " + before, to);
        } else if (before.isObject() && after.isObject()) {
            Stream.concat(before.propertyStream(), after.propertyStream())
                    .map(Map.Entry::getKey)
                    .distinct()
                    .forEach(name ->
                            changes(path.isEmpty() ? name : path + "." + name, before.get(name), after.get(name), to));
        } else if (before.isArray() && after.isArray()) {
            for (int i = 0; i < Math.max(before.size(), after.size()); i++) {
                changes(path + "[" + i + "]", before.get(i), after.get(i), to);
            }
        } else if (!before.equals(after)) {
            changed(Screen.visible(path), Screen.visible(before.toString()), Screen.visible(after.toString()), to);
        }
    }

    private void changed(String path, String before, String after, StringBuilder to) {
        String plain = "  ~ " + path + " " + before + " → " + after;
        if (plain.length() > width) {
            to.append(screen.cut(plain)).append('\n');
        } else {
            to.append("  ~ ")
                    .append(path)
                    .append(' ')
                    .append(screen.paint(Style.fg_red, before))
                    .append(" → ")
                    .append(screen.paint(Style.fg_green, after))
                    .append('\n');
        }
    }

    /** Prints the fields, as many per line as fit. */
    private void fields(Style style, String sign, JsonNode image, StringBuilder to) {
        StringBuilder line = new StringBuilder();
        for (Map.Entry<String, JsonNode> field : image.properties()) {
            String text = field.getKey() + " " + field.getValue();
            if (!line.isEmpty() && line.length() + text.length() + 6 > Math.min(width, 200)) {
                line(style, sign, line.toString(), to);
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : "  ").append(text);
        }
        line(style, sign, line.toString(), to);
    }

    private void line(Style style, String sign, String text, StringBuilder to) {
        to.append(screen.paint(style, screen.cut("  " + sign + " " + text))).append('\n');
    }

    private String operation(Event event) {
        String op = event.op();
        if (op == null) {
            return event.kind() == Kind.ROW ? " " : screen.paint(Style.fg_yellow, "!");
        }
        return switch (op) {
            case "c", "r" -> screen.paint(Style.fg_green, op);
            case "u" -> screen.paint(Style.fg_yellow, op);
            case "d", "t" -> screen.paint(Style.fg_red, op);
            case "tombstone" -> screen.paint(Style.fg_red, "-");
            default -> Screen.visible(op);
        };
    }
}
