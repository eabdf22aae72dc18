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
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.regex.Matcher;
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
    private final List<PreparedStep> steps;
    /**
     * The recorded ids in the order of their first appearance; the value of a parameter refers to an id by its index.
     */
    private final List<String> ids = new ArrayList<>();

    private final Choice recorded;
    private final TimeBasedEpochGenerator rising = Generators.timeBasedEpochGenerator();

    /** One statement and its parameters; a batch has several rows of parameters. */
    private record PreparedStep(Step step, List<List<@Nullable Value>> rows) {}

    /** A recorded parameter, in which some ids are replaced. {@code literals} has one element more than {@code ids}. */
    private record Value(List<String> literals, List<Integer> ids) {

        String with(String[] fresh) {
            if (ids.isEmpty()) {
                return literals.getFirst();
            }
            StringBuilder value = new StringBuilder(literals.getFirst());
            for (int i = 0; i < ids.size(); i++) {
                value.append(fresh[ids.get(i)]).append(literals.get(i + 1));
            }
            return value.toString();
        }
    }

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
        this.steps = transaction.steps().stream()
                .map(step -> new PreparedStep(
                        step, step.rows().stream().map(this::values).toList()))
                .toList();
    }

    private List<@Nullable Value> values(List<@Nullable String> row) {
        List<@Nullable Value> values = new ArrayList<>();
        for (String parameter : row) {
            values.add(parameter == null ? null : value(parameter));
        }
        return values;
    }

    private Value value(String parameter) {
        List<String> literals = new ArrayList<>();
        List<Integer> used = new ArrayList<>();
        int from = 0;
        for (Matcher id = ID.matcher(parameter); id.find(); from = id.end()) {
            if (!ids.contains(id.group())) {
                ids.add(id.group());
            }
            literals.add(parameter.substring(from, id.start()));
            used.add(ids.indexOf(id.group()));
        }
        literals.add(parameter.substring(from));
        return new Value(literals, used);
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

    private String[] freshIds() {
        Choice choice = shop.choose();
        String[] fresh = new String[ids.size()];
        for (int i = 0; i < fresh.length; i++) {
            String id = ids.get(i);
            if (id.equals(recorded.customer())) {
                fresh[i] = choice.customer();
            } else if (id.equals(recorded.first())) {
                fresh[i] = choice.first();
            } else if (id.equals(recorded.second())) {
                fresh[i] = choice.second();
            } else {
                // an id of the same UUID version: rising ids are appended to an index, random ids are spread over it
                boolean rises = UUID.fromString(id).version() == 7;
                fresh[i] = (rises ? rising.generate() : UUID.randomUUID()).toString();
            }
        }
        return fresh;
    }

    private final class Session {

        private final Connection connection;
        private final List<PreparedStatement> statements = new ArrayList<>();

        Session() throws SQLException {
            connection = DriverManager.getConnection(database, ROLE, ROLE);
            connection.setAutoCommit(false);
            for (PreparedStep step : steps) {
                statements.add(connection.prepareStatement(step.step().sql()));
            }
        }

        void place() throws SQLException {
            String[] fresh = freshIds();
            for (int i = 0; i < statements.size(); i++) {
                execute(statements.get(i), steps.get(i), fresh);
            }
            connection.commit();
        }

        private void execute(PreparedStatement statement, PreparedStep step, String[] fresh) throws SQLException {
            boolean batch = step.rows().size() > 1;
            for (List<@Nullable Value> row : step.rows()) {
                for (int i = 0; i < row.size(); i++) {
                    Value value = row.get(i);
                    // without a type, so that the column determines it: the log has no types
                    statement.setObject(i + 1, value == null ? null : value.with(fresh), Types.OTHER);
                }
                if (batch) {
                    statement.addBatch();
                }
            }
            if (batch) {
                statement.executeBatch();
            } else if (step.step().query()) {
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
