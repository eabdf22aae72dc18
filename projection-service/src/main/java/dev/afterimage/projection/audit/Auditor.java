package dev.afterimage.projection.audit;

import dev.afterimage.projection.audit.AuditConfig.Route;
import dev.afterimage.projection.audit.Report.DifferentCell;
import dev.afterimage.projection.audit.Report.Reading;
import dev.afterimage.projection.audit.Report.Verdict;
import dev.afterimage.projection.audit.Rows.Digest;
import dev.afterimage.projection.audit.Rows.Unreadable;
import dev.afterimage.projection.audit.Table.Row;
import dev.afterimage.projection.audit.Table.RowKey;
import dev.afterimage.projection.audit.TableComparison.Candidate;
import io.agroal.api.AgroalDataSource;
import io.quarkus.agroal.DataSource;
import io.quarkus.arc.InjectableInstance;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Compares source, read model and replica. */
@ApplicationScoped
class Auditor {

    private static final UUID LOWEST = new UUID(0, 0);
    private static final UUID HIGHEST = new UUID(-1, -1);
    private static final String PRESENT = "present";

    private final AuditConfig config;
    private final GroupTopics topics;
    private final AgroalDataSource readModel;
    private final InjectableInstance<AgroalDataSource> source;
    private final InjectableInstance<AgroalDataSource> replica;

    Auditor(
            AuditConfig config,
            GroupTopics topics,
            AgroalDataSource readModel,
            @DataSource("source") InjectableInstance<AgroalDataSource> source,
            @DataSource("replica") InjectableInstance<AgroalDataSource> replica) {
        this.config = config;
        this.topics = topics;
        this.readModel = readModel;
        this.source = source;
        this.replica = replica;
    }

    /**
     * Compares all rows.
     *
     * @param progress receives the result so far after each range; an exception from it ends the audit
     */
    Report audit(Consumer<Report> progress) throws InterruptedException {
        var run = new Run(progress);
        try {
            return run.report();
        } finally {
            run.sides.values().forEach(Rows::close);
        }
    }

    private Optional<AgroalDataSource> dataSource(Side side) {
        return switch (side) {
            case SOURCE -> source.listActive().stream().findFirst();
            case READ_MODEL -> Optional.of(readModel);
            case REPLICA -> replica.listActive().stream().findFirst();
        };
    }

    private Route route(Side follower) {
        return follower == Side.REPLICA ? config.replica() : config.readModel();
    }

    /** One audit. */
    private final class Run {

        private final Consumer<Report> progress;
        private final Map<Side, Reading> readings = new EnumMap<>(Side.class);
        private final Map<Side, Rows> sides = new EnumMap<>(Side.class);
        private final List<TableComparison> comparisons = new ArrayList<>();

        Run(Consumer<Report> progress) {
            this.progress = progress;
        }

        Report report() throws InterruptedException {
            for (Side side : Side.values()) {
                open(side);
            }
            while (sides.containsKey(Side.SOURCE) && sides.size() > 1) {
                try {
                    return compare();
                } catch (Unreadable e) {
                    // starts again without this side: the rows that were read so far cannot be used
                    comparisons.clear();
                    lost(e);
                }
            }
            return soFar(Verdict.UNKNOWN, List.of());
        }

        private void open(Side side) {
            Optional<AgroalDataSource> dataSource = dataSource(side);
            if (dataSource.isEmpty()) {
                is(side, Reading.State.ABSENT, "the datasource %s is not configured".formatted(side.label()));
                return;
            }
            try {
                Rows rows = new Rows(side, dataSource.get().getConnection());
                sides.put(side, rows);
                rows.describe();
                List<String> missing = Table.ALL.stream()
                        .filter(table -> !rows.has(table))
                        .map(Table::name)
                        .toList();
                if (missing.isEmpty()) {
                    is(side, Reading.State.READ, null);
                    return;
                }
                boolean none = missing.size() == Table.ALL.size();
                is(
                        side,
                        none && side == Side.REPLICA ? Reading.State.ABSENT : Reading.State.UNREADABLE,
                        "it has none of these tables, or they may not be read: " + String.join(", ", missing));
                close(side);
            } catch (SQLException e) {
                lost(new Unreadable(side, e));
            } catch (Unreadable e) {
                lost(e);
            }
        }

        private void lost(Unreadable e) {
            is(e.side(), Reading.State.UNREADABLE, e.getMessage());
            close(e.side());
        }

        private void is(Side side, Reading.State state, @Nullable String detail) {
            readings.put(side, new Reading(side, state, detail));
        }

        private void close(Side side) {
            Rows rows = sides.remove(side);
            if (rows != null) {
                rows.close();
            }
        }

        private Rows source() {
            return Objects.requireNonNull(sides.get(Side.SOURCE));
        }

        private List<Rows> followers() {
            return sides.values().stream()
                    .filter(rows -> rows.side() != Side.SOURCE)
                    .toList();
        }

        private Report compare() throws Unreadable, InterruptedException {
            sides.keySet().forEach(side -> is(side, Reading.State.READ, null));
            agreeOnColumns();
            for (Table table : Table.ALL) {
                scan(table);
            }
            for (Rows follower : followers()) {
                List<TableComparison> own = comparisons.stream()
                        .filter(comparison -> comparison.follower == follower.side())
                        .toList();
                var recheck = new Recheck(source(), follower, route(follower.side()), topics, this::tell);
                Optional<String> waitsFor = recheck.settle(own, config.catchUp());
                waitsFor.ifPresent(reason -> note(follower.side(), reason));
            }
            return soFar(verdict(), differences());
        }

        /** Compares only the columns that all sides have. */
        private void agreeOnColumns() {
            for (Table table : Table.ALL) {
                List<String> common = new ArrayList<>(source().columns(table));
                for (Rows follower : followers()) {
                    List<String> missing = source().columns(table).stream()
                            .filter(column -> !follower.columns(table).contains(column))
                            .toList();
                    missing.forEach(column -> note(
                            follower.side(),
                            "it has no column %s.%s, which is not compared".formatted(table.name(), column)));
                    common.removeAll(missing);
                }
                sides.values().forEach(rows -> rows.compare(table, common, source()));
            }
        }

        private void note(Side side, String detail) {
            Reading reading = Objects.requireNonNull(readings.get(side));
            is(side, reading.state(), reading.detail() == null ? detail : reading.detail() + "; " + detail);
        }

        private void scan(Table table) throws Unreadable {
            Map<Side, TableComparison> own = new EnumMap<>(Side.class);
            for (Rows follower : followers()) {
                own.put(follower.side(), new TableComparison(table, follower.side()));
            }
            comparisons.addAll(own.values());
            UUID from = LOWEST;
            while (true) {
                UUID to = HIGHEST;
                for (Rows rows : sides.values()) {
                    to = Table.lesser(
                            to, rows.bound(table, from, config.rangeRows()).orElse(HIGHEST));
                }
                compare(own, table, from, to);
                tell();
                if (to.equals(HIGHEST)) {
                    return;
                }
                from = Table.successor(to);
            }
        }

        private void tell() {
            progress.accept(soFar(null, List.of()));
        }

        private void compare(Map<Side, TableComparison> own, Table table, UUID from, UUID to) throws Unreadable {
            Digest expected = source().digest(table, from, to);
            Map<RowKey, Row> expectedRows = null;
            for (Rows follower : followers()) {
                TableComparison comparison = Objects.requireNonNull(own.get(follower.side()));
                if (follower.digest(table, from, to).equals(expected)) {
                    comparison.add(expected);
                    continue;
                }
                if (expectedRows == null) {
                    expectedRows = source().range(table, from, to);
                }
                comparison.add(expectedRows, follower.range(table, from, to));
            }
        }

        private Verdict verdict() {
            if (comparisons.stream().anyMatch(comparison -> !comparison.differing.isEmpty())) {
                return Verdict.DIFFERENT;
            }
            boolean all = readings.values().stream()
                    .allMatch(reading -> reading.state() == Reading.State.READ
                            || (reading.side() == Side.REPLICA && reading.state() == Reading.State.ABSENT));
            if (!all) {
                return Verdict.UNKNOWN;
            }
            return comparisons.stream().anyMatch(TableComparison::isUnsettled) ? Verdict.LAGGING : Verdict.EQUAL;
        }

        private Report soFar(@Nullable Verdict verdict, List<DifferentCell> differences) {
            return new Report(
                    verdict,
                    List.copyOf(readings.values()),
                    comparisons.stream().map(TableComparison::comparison).toList(),
                    differences);
        }

        /** One cell of a table, without its values. */
        private record Cell(
                Table table, RowKey key, @Nullable String column) {}

        /** The values of a cell by side, and the followers whose value is not the source's value. */
        private record Difference(Cell cell, Map<Side, @Nullable String> texts, Set<Side> followers) {

            Difference(Cell cell) {
                this(cell, new EnumMap<Side, @Nullable String>(Side.class), EnumSet.noneOf(Side.class));
            }

            DifferentCell shown() {
                return new DifferentCell(
                        cell.table().name(),
                        cell.key().id().toString(),
                        cell.table().line() == null ? null : cell.key().line(),
                        cell.column(),
                        List.copyOf(followers),
                        texts.get(Side.SOURCE),
                        texts.get(Side.READ_MODEL),
                        texts.get(Side.REPLICA));
            }
        }

        private List<DifferentCell> differences() throws Unreadable {
            Map<Cell, Difference> differences = new LinkedHashMap<>();
            for (TableComparison comparison : comparisons) {
                List<Candidate> shown =
                        comparison.differing.stream().limit(config.shown()).toList();
                Map<RowKey, Row> others = others(comparison, shown);
                for (Candidate candidate : shown) {
                    for (Cell cell : cells(comparison, candidate)) {
                        Difference difference = differences.computeIfAbsent(cell, Difference::new);
                        difference.followers().add(comparison.follower);
                        // the values that led to the verdict, and also the current value of the third side
                        difference.texts().put(Side.SOURCE, text(cell, candidate.source));
                        difference.texts().put(comparison.follower, text(cell, candidate.follower));
                        other(comparison.follower).ifPresent(other -> difference
                                .texts()
                                .putIfAbsent(other.side(), text(cell, others.get(candidate.key))));
                    }
                }
            }
            return differences.values().stream().map(Difference::shown).toList();
        }

        private Optional<Rows> other(Side follower) {
            return followers().stream().filter(rows -> rows.side() != follower).findFirst();
        }

        /** The same rows in the other follower. */
        private Map<RowKey, Row> others(TableComparison comparison, List<Candidate> shown) throws Unreadable {
            Optional<Rows> other = other(comparison.follower);
            return other.isEmpty() || shown.isEmpty()
                    ? Map.of()
                    : other.get()
                            .look(
                                    comparison.table,
                                    shown.stream()
                                            .map(candidate -> candidate.key.id())
                                            .collect(Collectors.toSet()));
        }

        private List<Cell> cells(TableComparison comparison, Candidate candidate) {
            if (candidate.source == null || candidate.follower == null) {
                return List.of(new Cell(comparison.table, candidate.key, null));
            }
            List<@Nullable String> here = candidate.source.cells();
            List<@Nullable String> there = candidate.follower.cells();
            List<String> columns = source().compared(comparison.table);
            return Stream.iterate(0, i -> i < columns.size(), i -> i + 1)
                    .filter(i -> !Objects.equals(here.get(i), there.get(i)))
                    .map(i -> new Cell(comparison.table, candidate.key, columns.get(i)))
                    .toList();
        }

        private @Nullable String text(Cell cell, @Nullable Row row) {
            if (row == null) {
                return null;
            }
            return cell.column() == null
                    ? PRESENT
                    : row.cells().get(source().compared(cell.table()).indexOf(cell.column()));
        }
    }
}
