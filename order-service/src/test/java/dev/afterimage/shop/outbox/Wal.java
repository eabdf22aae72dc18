package dev.afterimage.shop.outbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.testing.Database;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;

/**
 * The changes of the outbox since this object was opened, in the form that Debezium gets: decoded from the WAL by
 * pgoutput.
 *
 * @see <a href="https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html">message formats</a>
 */
public final class Wal implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Connection connection;
    private final String publication;

    private Wal(Connection connection, String publication) {
        this.connection = connection;
        this.publication = publication;
    }

    /** All changes of the table. */
    public static Wal ofEverything() throws SQLException {
        Database.ofService()
                .execute("drop publication if exists everything", "create publication everything for table outbox");
        return open("everything");
    }

    /** Only the changes that the publication of the migration contains. */
    static Wal asPublished() throws SQLException {
        return open("order_outbox");
    }

    /** Runs the test with an additional slot that has no reader. */
    static void withSlot(String name, ThrowingCallable test) throws Throwable {
        Database.ofService().execute("select pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(name));
        try {
            test.call();
        } finally {
            Database.ofService().execute("select pg_drop_replication_slot('%s')".formatted(name));
        }
    }

    private static Wal open(String publication) throws SQLException {
        var connection = Database.ofService().connect();
        try (var statement = connection.createStatement()) {
            statement.execute("select pg_create_logical_replication_slot('test', 'pgoutput', true)");
        }
        return new Wal(connection, publication);
    }

    public List<Change> changes() throws SQLException {
        var changes = new ArrayList<Change>();
        try (var query = connection.prepareStatement("""
                select data from pg_logical_slot_get_binary_changes(
                    'test', null, null, 'proto_version', '1', 'publication_names', ?)
                """)) {
            query.setString(1, publication);
            try (var messages = query.executeQuery()) {
                while (messages.next()) {
                    var message = ByteBuffer.wrap(messages.getBytes(1));
                    var kind = (char) message.get();
                    if (kind == 'I' || kind == 'U' || kind == 'D') {
                        changes.add(change(kind, message));
                    }
                }
            }
        }
        return changes;
    }

    private static Change change(char kind, ByteBuffer message) {
        message.getInt(); // the relation, always the outbox
        message.get(); // which tuple follows: N(ew), O(ld) or K(ey)
        var columns = new ArrayList<@Nullable String>();
        for (int left = message.getShort(); left > 0; left--) {
            if (message.get() == 't') {
                var text = new byte[message.getInt()];
                message.get(text);
                columns.add(new String(text, StandardCharsets.UTF_8));
            } else {
                columns.add(null);
            }
        }
        return new Change(kind, columns);
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }

    /** A row inserted (I), updated (U) or deleted (D). */
    public record Change(char kind, List<@Nullable String> columns) {

        public String id() {
            return String.valueOf(columns.get(0));
        }

        public String aggregateType() {
            return String.valueOf(columns.get(1));
        }

        public String aggregateId() {
            return String.valueOf(columns.get(2));
        }

        public String type() {
            return String.valueOf(columns.get(3));
        }

        public @Nullable String payload() {
            return columns.get(4);
        }

        public @Nullable String traceparent() {
            return columns.get(6);
        }

        public JsonNode event() {
            try {
                return JSON.readTree(String.valueOf(payload()));
            } catch (JsonProcessingException e) {
                throw new AssertionError(e);
            }
        }
    }
}
