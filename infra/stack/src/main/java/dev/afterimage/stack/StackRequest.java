package dev.afterimage.stack;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an application wants of a {@link SharedStack}.
 *
 * @param database a database to be made for it, or null where it has one elsewhere
 * @param elsewhere the login to that one, or null
 * @param kafka whether it needs the stack's broker
 * @param topics a file of topics to have, such as {@code connectors/topics.json}, or null
 * @param connectors to be applied
 * @param streaming whether to wait until the connectors read, and not only until servers answer
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
     * A database in the stack's PostgreSQL; what is there already stays as it is.
     *
     * @param owner one of the roles
     * @param roles to be there, with their passwords
     */
    public record Database(String name, String owner, Map<String, String> roles) {
        public Database {
            roles = Map.copyOf(roles);
        }
    }

    /** How to enter a database that is not the stack's. */
    public record Login(String jdbcUrl, String user, String password) {}

    /**
     * A Debezium source, or any other connector where {@code outbox} is null.
     *
     * @param config for Connect; of a source in the stack's own database without the keys {@code database.*}
     * @param publish whether the stack makes the publication, else the application's migrations do
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

    /** The outbox table that the application says it has. */
    public record Outbox(String schema, String table, List<String> columns) {
        public Outbox {
            columns = List.copyOf(columns);
        }
    }

    /**
     * Where a shared stack is and how to start it where it does not run.
     *
     * @param home folder of data, logs and locks; who has the same one shares
     * @param fresh whether a start throws the data of earlier runs away
     * @param postgresPort 0 for the one of the last run, or a free one; the same for the others
     * @param kafka bootstrap servers to be used instead of a broker of the stack, or null
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
     * Where the servers answer.
     *
     * @param postgres host and port
     * @param kafka bootstrap servers
     * @param connect the REST API
     */
    public record Addresses(String postgres, String kafka, String connect) {}

    /** A question to the keeper, see {@link SharedStack#look}. */
    record Look(@Nullable Login login, @Nullable String slot) {}

    /**
     * What a look finds.
     *
     * @param slot who reads it and how far behind, as a phrase
     * @param events of all topics, newest first: topic, position, time, key, type, headers, before, after
     */
    public record View(String slot, List<Map<String, String>> events) {
        public View {
            events = List.copyOf(events);
        }
    }
}
