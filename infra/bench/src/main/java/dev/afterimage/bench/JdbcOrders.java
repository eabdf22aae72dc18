package dev.afterimage.bench;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
import dev.afterimage.bench.CustomersAndProducts.Choice;
import dev.afterimage.bench.OrderTransaction.Step;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Repeats the recorded transaction with new ids, by prepared statements on connections that stay open. This is the cost
 * of an order in the database alone, without a service.
 */
final class JdbcOrders implements OrderWriter {

    private static final Pattern ID = Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

    /** The service's own role, which is also its password on a laptop; see infra/stack's roles.sql. */
    private static final String ROLE = "orders_app";

    private final String database;
    private final int maxConnections;
    private final CustomersAndProducts shop;
    private final List<Step> steps;
    private final Set<String> ids = new LinkedHashSet<>();
    private final Choice recorded;
    private final TimeBasedEpochGenerator rising = Generators.timeBasedEpochGenerator();

    /**
     * @param database its JDBC URL
     * @param maxConnections the number of connections that the service has for any number of clients
     * @param transaction the recorded statements of the service
     * @param recorded the customer and products of the recorded order
     */
    JdbcOrders(
            String database,
            int maxConnections,
            CustomersAndProducts shop,
            OrderTransaction transaction,
            Choice recorded) {
        this.database = database;
        this.maxConnections = maxConnections;
        this.shop = shop;
        this.recorded = recorded;
        this.steps = transaction.steps();
        for (Step step : steps) {
            for (List<@Nullable String> row : step.rows()) {
                row.stream()
                        .filter(Objects::nonNull)
                        .flatMap(parameter -> ID.matcher(parameter).results())
                        .forEach(id -> ids.add(id.group()));
            }
        }
    }

    @Override
    public String name() {
        return "JDBC";
    }

    @Override
    public List<Client> connect(int clients) throws SQLException {
        int connections = Math.min(clients, maxConnections);
        BlockingQueue<Session> idle = new ArrayBlockingQueue<>(connections);
        for (int i = 0; i < connections; i++) {
            idle.add(new Session());
        }
        List<Client> connected = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            connected.add(new Client() {
                @Override
                public void place() throws Exception {
                    Session session = idle.take();
                    session.place();
                    idle.add(session);
                }

                @Override
                public void close() {
                    // the first client to end closes all sessions, because clients that are measured together end
                    // together
                    for (Session session = idle.poll(); session != null; session = idle.poll()) {
                        session.close();
                    }
                }
            });
        }
        return connected;
    }

    /** An id for each recorded id. */
    private Map<String, String> freshIds() {
        Choice choice = shop.choose();
        Map<String, String> fresh = new HashMap<>(Map.of(
                recorded.customer(),
                choice.customer(),
                recorded.first(),
                choice.first(),
                recorded.second(),
                choice.second()));
        for (String id : ids) {
            // of the same UUID version: rising ids are appended to an index, random ids are spread over it
            fresh.computeIfAbsent(
                    id, _ -> (UUID.fromString(id).version() == 7 ? rising.generate() : UUID.randomUUID()).toString());
        }
        return fresh;
    }

    private static @Nullable String with(Map<String, String> fresh, @Nullable String parameter) {
        String value = parameter;
        for (Map.Entry<String, String> id : fresh.entrySet()) {
            value = value == null ? null : value.replace(id.getKey(), id.getValue());
        }
        return value;
    }

    private final class Session {

        private final Connection connection;
        private final List<PreparedStatement> statements = new ArrayList<>();

        Session() throws SQLException {
            connection = DriverManager.getConnection(database, ROLE, ROLE);
            connection.setAutoCommit(false);
            for (Step step : steps) {
                statements.add(connection.prepareStatement(step.sql()));
            }
        }

        void place() throws SQLException {
            Map<String, String> fresh = freshIds();
            for (int i = 0; i < statements.size(); i++) {
                execute(statements.get(i), steps.get(i), fresh);
            }
            connection.commit();
        }

        private void execute(PreparedStatement statement, Step step, Map<String, String> fresh) throws SQLException {
            boolean batch = step.rows().size() > 1;
            for (List<@Nullable String> row : step.rows()) {
                for (int i = 0; i < row.size(); i++) {
                    // without a type, so that the column determines it: the log has no types
                    statement.setObject(i + 1, with(fresh, row.get(i)), Types.OTHER);
                }
                if (batch) {
                    statement.addBatch();
                }
            }
            if (batch) {
                statement.executeBatch();
            } else if (step.query()) {
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        rows.getString(1);
                    }
                }
            } else {
                statement.executeUpdate();
            }
        }

        void close() {
            try {
                connection.close();
            } catch (SQLException e) {
                // all orders are committed
            }
        }
    }
}
