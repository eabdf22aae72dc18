package dev.afterimage.projection.view;

import dev.afterimage.projection.sql.Database;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.web.Parameters;
import dev.afterimage.projection.web.Preconditions;
import dev.afterimage.projection.web.ProblemType;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.vertx.core.http.HttpServerRequest;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Builds answers: an aggregate with its entity tag, or a page of aggregates. */
@ApplicationScoped
public class Responses {

    private static final Pattern VERSION = Pattern.compile("[0-9]{1,18}");
    private static final Pattern WAIT = Pattern.compile("([0-9]{1,5})(ms|s)");
    private static final Duration DEFAULT_WAIT = Duration.ofSeconds(2);
    private static final Duration MAX_WAIT = Duration.ofSeconds(30);

    private final Database database;
    private final Arrivals arrivals;

    Responses(Database database, Arrivals arrivals) {
        this.database = database;
        this.arrivals = arrivals;
    }

    /**
     * The aggregate. 304 if the client has this version, 412 if it requires another version, 404 if the aggregate does
     * not exist or was deleted. With {@code minVersion} the answer waits until that version is applied; it is 504 if
     * that takes longer than {@code wait}.
     */
    public <V extends View> Response one(
            Selection<V> selection, String id, @Nullable String minVersion, @Nullable String wait, HttpHeaders headers)
            throws InterruptedException {
        var parameters = new Parameters();
        Long version = parameters.read("minVersion", minVersion, Responses::version, "must be a version");
        Duration limit = parameters.readOr(
                DEFAULT_WAIT, "wait", wait, Responses::wait, "must be like 500ms or 2s, and at most 30s");
        parameters.throwIfWrong();
        UUID known = uuid(id).orElseThrow(() -> unknown(selection));
        if (version == null) {
            return answer(selection, byId(selection, known).orElseThrow(() -> unknown(selection)), headers);
        }
        return await(selection, known, version, limit)
                .map(view -> answer(selection, view, headers))
                .orElseGet(() -> tooLate(selection, version, limit));
    }

    /** A page of the list, newest first; the next page is in the {@code Link} header. */
    public <V extends View> Response page(
            Selection<V> selection,
            Filter filter,
            @Nullable String limit,
            @Nullable String after,
            HttpServerRequest request) {
        Filter.Page page = filter.page(limit, after);
        List<V> found = database.select(selection.sql(page.which()), page.values(), selection.reader());
        if (found.size() <= page.size()) {
            return Response.ok(found).build();
        }
        List<V> shown = found.subList(0, page.size());
        return Response.ok(shown)
                .header(
                        HttpHeaders.LINK,
                        Parameters.next(request, Cursor.of(shown.getLast()).text()))
                .build();
    }

    private <V extends View> Optional<V> byId(Selection<V> selection, UUID id) {
        return database.select(selection.sql("where id = ?"), List.of(id), selection.reader()).stream()
                .findFirst();
    }

    /** The version of the aggregate's delete; 0 if no delete is stored. */
    private long deletedVersion(Selection<?> selection, UUID id) {
        return database
                .select(
                        "select version from deletions where aggregate = ? and id = ?",
                        List.of(selection.aggregate(), id),
                        Sql.Reader.ofEach(row -> row.getLong(1)))
                .stream()
                .findFirst()
                .orElse(0L);
    }

    private <V extends View> Optional<V> await(Selection<V> selection, UUID id, long version, Duration limit)
            throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        try (var waiter = arrivals.expect(id)) {
            while (true) {
                // computed before the query, so that the last query does not start before the deadline
                Duration left = Duration.ofNanos(deadline - System.nanoTime());
                Optional<V> found = byId(selection, id);
                if (found.isPresent() && found.get().version() >= version) {
                    return found;
                }
                if (found.isEmpty() && deletedVersion(selection, id) >= version) {
                    throw unknown(selection);
                }
                if (!left.isPositive()) {
                    return Optional.empty();
                }
                waiter.await(left);
            }
        }
    }

    private static Response answer(Selection<?> selection, View view, HttpHeaders headers) {
        boolean known = Preconditions.of(headers).isKnown(selection.aggregate(), view.version(), view.opaqueTag());
        return (known ? Response.notModified() : Response.ok(view))
                .tag(view.opaqueTag())
                .build();
    }

    /** Returned and not thrown, because the exception mapper would log it as an error with a stack trace. */
    private static Response tooLate(Selection<?> selection, long version, Duration limit) {
        return ProblemType.NOT_APPLIED_IN_TIME
                .problem()
                .withDetail("Version %d of the %s was not applied within %d ms."
                        .formatted(version, selection.aggregate(), limit.toMillis()))
                .build()
                .toResponse();
    }

    private static HttpProblem unknown(Selection<?> selection) {
        return ProblemType.UNKNOWN_ID
                .problem()
                .withDetail("No such %s is in the read model.".formatted(selection.aggregate()))
                .build();
    }

    private static Optional<UUID> uuid(String id) {
        try {
            return Optional.of(Parameters.uuid(id));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static long version(String text) {
        if (!VERSION.matcher(text).matches()) {
            throw new IllegalArgumentException("no version");
        }
        return Long.parseLong(text);
    }

    private static Duration wait(String text) {
        Matcher matcher = WAIT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("no duration");
        }
        long amount = Long.parseLong(matcher.group(1));
        Duration wait = matcher.group(2).equals("s") ? Duration.ofSeconds(amount) : Duration.ofMillis(amount);
        if (wait.compareTo(MAX_WAIT) > 0) {
            throw new IllegalArgumentException("too long");
        }
        return wait;
    }
}
