package dev.afterimage.stack;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The servers and settings that an application requests from a {@link SharedStack}.
 *
 * @param database the database to create, or null if the application uses another PostgreSQL
 * @param elsewhere the login to that other PostgreSQL, or null
 * @param kafka whether the application needs the stack's broker
 * @param topics a file with the topics to create, such as {@code connectors/topics.json}, or null
 * @param connectors the connectors to apply
 * @param streaming whether to wait until the connectors read, and not only until the servers answer
 */
public record StackRequest(
        @Nullable Database database,
        @Nullable Login elsewhere,
        boolean kafka,
        @Nullable String topics,
        List<Connector> connectors,
        boolean streaming) {

    public StackRequest {
        connectors = List.copyOf(connectors);
    }

    /**
     * A database in the stack's PostgreSQL; an existing database or role is not changed.
     *
     * @param owner one of the roles
     * @param roles the roles to create, with their passwords
     */
    public record Database(String name, String owner, Map<String, String> roles) {
        public Database {
            roles = Map.copyOf(roles);
        }
    }

    /** The address and the credentials of a database outside the stack. */
    public record Login(String jdbcUrl, String user, String password) {}

    /**
     * A Debezium source, or any other connector where {@code outbox} is null.
     *
     * @param config the connector's configuration; for a source in the stack's own database, its keys {@code
     *     database.*} are replaced
     * @param publish whether the stack creates the publication; if not, the application's migrations create it
     */
    public record Connector(
            String name,
            Map<String, String> config,
            @Nullable Outbox outbox,
            boolean publish) {
        public Connector {
            config = Map.copyOf(config);
        }
    }

    /** The outbox table that the application is configured with. */
    public record Outbox(String schema, String table, List<String> columns) {
        public Outbox {
            columns = List.copyOf(columns);
        }
    }

    /**
     * The place of a shared stack, and how to start it if it does not run.
     *
     * @param home folder of data, logs and locks; programs with the same folder share the stack
     * @param fresh whether a start deletes the data of earlier runs
     * @param postgresPort 0 for the port of the last run, or a free port; the same for the other ports
     * @param kafka bootstrap servers to use instead of a broker of the stack, or null
     * @param distribution the servers' programs, see {@link Distribution}
     * @param classPath this module and its libraries
     */
    public record Place(
            Path home,
            boolean fresh,
            int postgresPort,
            int kafkaPort,
            int connectPort,
            @Nullable String kafka,
            Path distribution,
            List<Path> classPath) {
        public Place {
            classPath = List.copyOf(classPath);
        }
    }

    /**
     * The addresses of the servers.
     *
     * @param postgres host and port
     * @param kafka bootstrap servers
     * @param connect the REST API
     */
    public record Addresses(String postgres, String kafka, String connect) {}

    /** A request to the daemon, see {@link SharedStack#look}. */
    record Look(@Nullable Login login, @Nullable String slot) {}

    /**
     * The answer to {@link Look}.
     *
     * @param slot whether the slot is being read, and how far behind it is, as a phrase
     * @param events of all topics, newest first: topic, position, time, key, type, headers, before, after
     */
    public record View(String slot, List<Map<String, String>> events) {
        public View {
            events = List.copyOf(events);
        }
    }
}
