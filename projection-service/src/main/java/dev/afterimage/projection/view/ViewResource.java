package dev.afterimage.projection.view;

import dev.afterimage.projection.Reason;
import dev.afterimage.projection.Refusal;
import dev.afterimage.projection.sql.Database;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.web.Responses;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.core.HttpHeaders;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** What the resources of the read model have in common. */
public abstract class ViewResource<V extends View> {

    /** How long an answer waits for a version if the client does not say. */
    protected static final String DEFAULT_WAIT = "2s";
    /** The longest wait, in seconds. */
    protected static final int MAX_WAIT_S = 30;

    private final Selection<V> selection;
    private final Database database;
    private final Arrivals arrivals;

    protected ViewResource(Selection<V> selection, Database database, Arrivals arrivals) {
        this.selection = selection;
        this.database = database;
        this.arrivals = arrivals;
    }

    /**
     * The aggregate. 304 if the client has this version. With {@code minVersion} the answer waits until that version is
     * applied.
     *
     * @throws Refusal when the aggregate does not exist or was deleted, when the client requires another version, or
     *     when the version does not come within {@code wait}
     */
    protected RestResponse<V> one(UUID id, @Nullable Long minVersion, Duration wait, HttpHeaders headers)
            throws InterruptedException {
        V view = minVersion == null
                ? byId(id).orElseThrow(this::unknown)
                : await(id, minVersion, wait).orElseThrow(() -> tooLate(minVersion, wait));
        return Responses.ok(selection.aggregate(), view, view.version(), view.opaqueTag(), headers);
    }

    /** A page of the list, newest first; the next page is in the {@code Link} header. */
    protected RestResponse<List<V>> page(Filter filter, int limit, @Nullable Cursor after, HttpServerRequest request) {
        Filter.Page page = filter.page(limit + 1, after);
        List<V> found = database.select(selection.sql(page.which()), page.values(), selection.reader());
        return Responses.page(found, limit, Cursor::of, request);
    }

    private Optional<V> byId(UUID id) {
        return database.select(selection.sql("where id = ?"), List.of(id), selection.reader()).stream()
                .findFirst();
    }

    /** The version of the aggregate's delete; 0 if no delete is stored. */
    private long deletedVersion(UUID id) {
        return database
                .select(
                        "select version from deletions where aggregate = ? and id = ?",
                        List.of(selection.aggregate(), id),
                        Sql.Reader.ofEach(row -> row.getLong(1)))
                .stream()
                .findFirst()
                .orElse(0L);
    }

    private Optional<V> await(UUID id, long version, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        try (var waiter = arrivals.expect(id)) {
            while (true) {
                // computed before the query, so that the last query does not start before the deadline
                Duration left = Duration.ofNanos(deadline - System.nanoTime());
                Optional<V> found = byId(id);
                if (found.isPresent() && found.get().version() >= version) {
                    return found;
                }
                if (found.isEmpty() && deletedVersion(id) >= version) {
                    throw unknown();
                }
                if (!left.isPositive()) {
                    return Optional.empty();
                }
                waiter.await(left);
            }
        }
    }

    private Refusal tooLate(long version, Duration limit) {
        return new Refusal(
                Reason.NOT_APPLIED_IN_TIME,
                "Version %d of the %s was not applied within %d ms."
                        .formatted(version, selection.aggregate(), limit.toMillis()),
                Map.of());
    }

    private Refusal unknown() {
        return new Refusal(
                Reason.UNKNOWN_ID, "No such %s is in the read model.".formatted(selection.aggregate()), Map.of());
    }
}
