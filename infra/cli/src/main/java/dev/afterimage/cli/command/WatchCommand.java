package dev.afterimage.cli.command;

import dev.afterimage.cli.command.EventPrinter.Format;
import dev.afterimage.cli.service.Event;
import dev.afterimage.cli.service.RecordReader;
import dev.afterimage.cli.service.Schemas;
import dev.afterimage.cli.terminal.Figures;
import dev.afterimage.cli.terminal.Screen;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** Prints the committed records of topics as they arrive, with the changed fields. */
@Command(
        name = "watch",
        description =
                "Prints events of topics as they arrive, with the changed fields. Other records are shown as they are.")
public final class WatchCommand extends PipelineCommand {

    private static final int MAX_LAST = 10_000;
    private static final Set<String> OPS = Set.of("c", "u", "d", "r", "t", "tombstone");

    @Parameters(arity = "1..*", paramLabel = "TOPIC", description = "for example order.events or order.events.dlq")
    private List<String> topics = List.of();

    @ArgGroup
    private Start start = new Start();

    static final class Start {
        @Option(names = "--from-beginning", description = "start with the oldest record instead of the next one")
        boolean fromBeginning;

        @Option(
                names = "--from-time",
                paramLabel = "TIME",
                converter = Time.class,
                description = "start there: 2026-11-21T09:00:00Z, or 10m, 2h, 1d ago")
        @Nullable Instant fromTime;

        @Option(names = "--last", paramLabel = "N", description = "start with the newest N records")
        @Nullable Integer last;
    }

    @Option(
            names = "--op",
            split = ",",
            paramLabel = "OP",
            description = "only these: c, u, d, r, t (truncate), tombstone")
    private Set<String> ops = Set.of();

    @Option(names = "--key", paramLabel = "KEY", description = "only this key")
    private @Nullable String key;

    @Option(names = "--max", paramLabel = "N", description = "end after N events")
    private long max = Long.MAX_VALUE;

    @Option(names = "--no-follow", description = "end at the current end of the topics")
    private boolean noFollow;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "pretty",
            description = "${COMPLETION-CANDIDATES} (${DEFAULT-VALUE})")
    private Format format = Format.pretty;

    @Option(names = "--json", description = "the same as --format json")
    private boolean json;

    @Mixin
    private Schemas.Option registry = new Schemas.Option();

    private long left;
    private Schemas schemas = Schemas.NONE;

    @Override
    public Integer call() {
        if ((start.last != null && (start.last < 1 || start.last > MAX_LAST)) || max < 1) {
            throw wrong("--last is 1 to %,d and --max at least 1".formatted(MAX_LAST));
        }
        for (String op : ops) {
            if (!OPS.contains(op)) {
                throw wrong("'" + op + "' is not an operation: use c, u, d, r, t or tombstone");
            }
        }
        left = max;
        schemas = registry.orOf(ports);
        try (Screen screen = screen();
                RecordReader reader = new RecordReader(ports.bootstrapServers(), topics, !noFollow)) {
            EventPrinter printer = new EventPrinter(screen, json ? Format.json : format);
            if (start.fromBeginning) {
                reader.fromBeginning();
            } else if (start.fromTime != null) {
                reader.from(start.fromTime);
            } else if (start.last != null) {
                show(reader.last(start.last), reader, printer, screen);
            }
            Set<String> missing = tell(reader);
            while (left > 0 && !(noFollow && reader.caughtUp())) {
                List<ConsumerRecord<byte[], byte[]>> records = reader.poll();
                if (!missing.equals(reader.missing())) {
                    missing = tell(reader);
                }
                show(records, reader, printer, screen);
            }
            return 0;
        }
    }

    /** Says which topics it listens to and which it waits for, and returns the latter. */
    private Set<String> tell(RecordReader reader) {
        Set<String> missing = reader.missing();
        if (!noFollow && left > 0) {
            for (String topic : topics) {
                err().println(Screen.visible(
                        missing.contains(topic)
                                ? "There is no topic " + topic + " yet: waiting for it."
                                : "Listening on " + topic + "."));
            }
        }
        return missing;
    }

    /** Writes all records of a poll at once: one write per record would limit the rate. */
    private void show(
            Iterable<ConsumerRecord<byte[], byte[]>> records,
            RecordReader reader,
            EventPrinter printer,
            Screen screen) {
        StringBuilder lines = new StringBuilder();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            Event event = Event.of(record, schemas);
            if (left == 0 || !wanted(event) || (noFollow && reader.isNew(record))) {
                continue;
            }
            left--;
            Instant committed = event.committed();
            Long latency = committed == null || !reader.isNew(record)
                    ? null
                    : Long.valueOf(Duration.between(committed, Instant.now()).toMillis());
            printer.print(event, latency, lines);
        }
        screen.out().print(lines);
        screen.flush();
    }

    private boolean wanted(Event event) {
        return (ops.isEmpty() || (event.op() != null && ops.contains(event.op())))
                && (key == null || key.equals(event.key()));
    }

    /** A point in time, or a duration before now; Kafka has no timestamps before 1970. */
    static final class Time implements ITypeConverter<Instant> {

        @Override
        public Instant convert(String value) {
            try {
                Instant time = time(value);
                return time.isBefore(Instant.EPOCH) ? Instant.EPOCH : Instant.ofEpochMilli(time.toEpochMilli());
            } catch (DateTimeException | ArithmeticException e) {
                throw new TypeConversionException("'" + value + "' is not a time such as 2026-11-21T09:00:00Z or 10m");
            }
        }

        private static Instant time(String value) {
            return value.matches(".*[smhd]") ? Instant.now().minus(Figures.duration(value)) : Instant.parse(value);
        }
    }
}
