package dev.afterimage.cli.command;

import dev.afterimage.cli.service.Findings;
import dev.afterimage.cli.service.Findings.Level;
import dev.afterimage.cli.terminal.Figures;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.StackException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi.Style;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** Shows the state of the pipeline: processes, connectors, slots, lag, topics, rates, and what needs attention. */
@Command(
        name = "status",
        description = "Shows processes, connectors and tasks, replication slots, consumer lag, topics and rates.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:OK: everything works",
            "1:WARN: something needs attention, or the command failed",
            "2:CRIT: something does not work, or wrong arguments"
        })
public final class StatusCommand extends PipelineCommand {

    private static final Pattern SIZE = Pattern.compile("([0-9]{1,9})(KB|MB|GB)", Pattern.CASE_INSENSITIVE);

    @Option(
            names = "--max-behind",
            defaultValue = "${env:AFTERIMAGE_MAX_BEHIND:-30s}",
            paramLabel = "TIME",
            description = "CRIT when a consumer is further behind, WARN from half of this (${DEFAULT-VALUE})")
    private Duration maxBehind = Duration.ofSeconds(30);

    @Option(
            names = "--max-wal",
            defaultValue = "${env:AFTERIMAGE_MAX_WAL:-1GB}",
            paramLabel = "SIZE",
            description = "CRIT when a slot retains more, WARN from half of this (${DEFAULT-VALUE})")
    private String maxWal = "1GB";

    @Option(names = "--watch", description = "refresh in place until Ctrl-C")
    private boolean watch;

    @Option(
            names = "--interval",
            defaultValue = "2s",
            paramLabel = "TIME",
            description = "between two refreshes, at least 1s (${DEFAULT-VALUE})")
    private Duration interval = Duration.ofSeconds(2);

    @Option(names = "--json", scope = ScopeType.INHERIT, description = "one JSON object; one per line with --watch")
    private boolean json;

    @Override
    public Integer call() throws InterruptedException {
        if (interval.compareTo(Duration.ofSeconds(1)) < 0) {
            throw wrong("--interval is at least 1s");
        }
        long wal = wal();
        try (Screen screen = screen();
                Findings findings = new Findings(ports, maxBehind, wal)) {
            // rates are measured between two reports
            findings.look();
            Thread.sleep(Duration.ofSeconds(watch ? 0 : 1));
            Findings.Report report;
            do {
                report = findings.look();
                if (json) {
                    screen.json(report);
                } else if (watch) {
                    screen.redraw(lines(screen, report));
                } else {
                    screen.print(lines(screen, report));
                }
                if (watch) {
                    Thread.sleep(interval);
                }
            } while (watch);
            return switch (report.level()) {
                case OK -> 0;
                case WARN -> 1;
                case CRIT -> 2;
            };
        }
    }

    @Command(name = "forget", description = "Deletes the offsets of a consumer group that has no members.")
    void forget(@Parameters(paramLabel = "GROUP") String group) throws ExecutionException, InterruptedException {
        try (Screen screen = screen();
                Admin admin = Admin.create(Map.of(
                        "bootstrap.servers",
                        ports.bootstrapServers(),
                        "default.api.timeout.ms",
                        5_000,
                        "request.timeout.ms",
                        5_000))) {
            Set<String> groups = admin.listGroups().all().get().stream()
                    .map(GroupListing::groupId)
                    .collect(Collectors.toCollection(TreeSet::new));
            if (!groups.contains(group)) {
                throw new StackException("There is no consumer group " + group + ", only " + String.join(", ", groups));
            }
            admin.deleteConsumerGroups(List.of(group)).all().get();
            if (json) {
                screen.json(Map.of("group", group, "done", "is forgotten"));
            } else {
                screen.out().println("Group " + group + " is forgotten.");
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupNotEmptyException) {
                throw new StackException("Group " + group + " has members: stop them first.", e);
            }
            throw e;
        }
    }

    private long wal() {
        Matcher size = SIZE.matcher(maxWal);
        if (!size.matches()) {
            throw wrong("--max-wal: '" + maxWal + "' is not a size such as 500MB or 1GB");
        }
        long number = Long.parseLong(size.group(1));
        return switch (size.group(2).toUpperCase(Locale.ROOT)) {
            case "KB" -> number << 10;
            case "MB" -> number << 20;
            default -> number << 30;
        };
    }

    private static List<String> lines(Screen screen, Findings.Report report) {
        List<String> lines = new ArrayList<>();
        lines.add(level(screen, report.level()) + "  " + report.at());
        for (Findings.Worry worry : report.worries()) {
            String before = level(screen, worry.level()) + "  ";
            for (String line : screen.wrap(worry.what(), 6)) {
                lines.add(before + line);
                before = " ".repeat(6);
            }
        }
        add(
                lines,
                screen.tableLines(
                        List.of("process", "pid", "up", "state"),
                        report.processes(),
                        process -> List.of(
                                process.name(),
                                Long.toString(process.pid()),
                                process.since() == null ? "-" : since(Instant.parse(process.since())),
                                process.state())));
        add(
                lines,
                screen.tableLines(
                        List.of("connector", "state", "tasks", "failure"),
                        report.connectors(),
                        connector -> List.of(
                                connector.name(),
                                connector.state(),
                                String.join(" ", connector.tasks()),
                                connector.failure().orElse(""))));
        add(
                lines,
                screen.tableLines(
                        List.of("source", "last event behind", "queue", "events", "filtered", "snapshot"),
                        report.captures(),
                        capture -> List.of(
                                capture.connector(),
                                capture.behindMs() == null
                                        ? "-"
                                        : Figures.duration(Duration.ofMillis(capture.behindMs())),
                                capture.queued() + " of " + capture.queueCapacity(),
                                Long.toString(capture.events()),
                                Long.toString(capture.filtered()),
                                capture.snapshotCompleted() ? "completed" : "-")));
        add(
                lines,
                screen.tableLines(
                        List.of("slot", "database", "read", "wal", "retained", "confirmed", "behind", "waits"),
                        report.slots(),
                        slot -> List.of(
                                slot.name(),
                                slot.database(),
                                slot.active() ? "yes" : "NO",
                                slot.wal(),
                                Figures.bytes(slot.retainedBytes()),
                                slot.confirmed(),
                                Figures.bytes(slot.behindBytes()),
                                slot.oldestMs() == null ? "-" : age(slot.oldestMs()))));
        add(
                lines,
                screen.tableLines(
                        List.of("group", "topic", "lag by partition", "oldest waits"),
                        report.lags(),
                        lag -> List.of(
                                lag.group(),
                                lag.topic(),
                                String.join(
                                        " ",
                                        lag.records().stream()
                                                .map(Object::toString)
                                                .toList()),
                                age(lag.oldestMs()))));
        add(
                lines,
                screen.tableLines(
                        List.of("topic", "last event", "ago", "offsets/s"),
                        // topics of dead letters only if they have records
                        report.topics().stream()
                                .filter(topic -> topic.lastEvent() != null
                                        || !topic.name().endsWith(".dlq"))
                                .toList(),
                        topic -> List.of(
                                topic.name(),
                                Objects.toString(topic.lastEvent(), "none yet"),
                                topic.lastEvent() == null ? "-" : since(Instant.parse(topic.lastEvent())),
                                "%.1f".formatted(topic.offsetsPerSecond()))));
        add(
                lines,
                screen.tableLines(
                        List.of("read model", "rows", "rows/s", "events", "events/s"),
                        report.aggregates(),
                        aggregate -> List.of(
                                aggregate.name(),
                                Long.toString(aggregate.rows()),
                                "%+.1f".formatted(aggregate.rowsPerSecond()),
                                Long.toString(aggregate.events()),
                                "%.1f".formatted(aggregate.eventsPerSecond()))));
        return lines;
    }

    /** A table without rows is left out. */
    private static void add(List<String> lines, List<String> table) {
        if (table.size() > 1) {
            lines.add("");
            lines.addAll(table);
        }
    }

    private static String level(Screen screen, Level level) {
        Style colour =
                switch (level) {
                    case OK -> Style.fg_green;
                    case WARN -> Style.fg_yellow;
                    case CRIT -> Style.fg_red;
                };
        return screen.paint(colour, "%-4s".formatted(level));
    }

    private static String since(Instant then) {
        return Figures.duration(Duration.between(then, Instant.now()));
    }

    private static String age(long ms) {
        return ms == 0 ? "-" : Figures.duration(Duration.ofMillis(ms));
    }
}
