package dev.afterimage.projection.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.projection.sql.Database;
import dev.afterimage.projection.sql.Sql;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * {@code cdc_raw.audits}: the running audit and the last hundred finished audits. Its methods throw {@link
 * DatabaseAway}.
 */
@ApplicationScoped
class Audits {

    private static final String START = """
            with forgotten as (
                delete from cdc_raw.audits
                 where id in (select id from cdc_raw.audits where status <> 'RUNNING' order by started_at desc offset 99)
            )
            insert into cdc_raw.audits (id, status, report) values (?, 'RUNNING', ?::jsonb)
                on conflict (status) where status = 'RUNNING' do nothing
            """;

    private static final String TELL = """
            update cdc_raw.audits
               set status = ?, report = ?::jsonb, error = ?, ended_at = case when ? then clock_timestamp() end
             where id = ?
            """;

    private final Database database;
    private final ObjectMapper json;

    Audits(Database database, ObjectMapper json) {
        this.database = database;
        this.json = json;
    }

    /** Starts an audit, unless one is running, and returns the running audit. */
    Audit start() {
        while (true) {
            UUID id = UUID.randomUUID();
            database.run(START, id, text(Report.NOTHING));
            Optional<Audit> started = running().or(() -> byId(id));
            if (started.isPresent()) { // otherwise the running audit has just ended
                return started.get();
            }
        }
    }

    Optional<Audit> running() {
        return one("where status = 'RUNNING'");
    }

    Optional<Audit> newest() {
        return one("order by started_at desc limit 1");
    }

    Optional<Audit> lastDone() {
        return one("where status = 'DONE' order by ended_at desc limit 1");
    }

    Optional<Audit> byId(UUID id) {
        return one("where id = ?", id);
    }

    void tell(UUID id, Audit.Status status, Report report, @Nullable String error) {
        database.run(TELL, status.name(), text(report), error, status != Audit.Status.RUNNING, id);
    }

    private Optional<Audit> one(String which, Object... values) {
        return database
                .select("select * from cdc_raw.audits " + which, List.of(values), Sql.Reader.ofEach(this::audit))
                .stream()
                .findFirst();
    }

    private Audit audit(ResultSet row) throws SQLException {
        OffsetDateTime ended = row.getObject("ended_at", OffsetDateTime.class);
        return new Audit(
                row.getObject("id", UUID.class),
                Audit.Status.valueOf(row.getString("status")),
                Sql.instant(row, "started_at"),
                ended == null ? null : ended.toInstant(),
                report(row.getString("report")),
                row.getString("error"));
    }

    private Report report(String text) {
        try {
            // another version of this service may have written additional fields
            return json.readerFor(Report.class)
                    .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .readValue(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cdc_raw.audits holds no report", e);
        }
    }

    private String text(Report report) {
        return json.valueToTree(report).toString();
    }
}
