package dev.afterimage.stack;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A real PostgreSQL server with {@code wal_level=logical} and fsync on. It has the roles and databases that the
 * services and Debezium expect. The databases are empty, except for the replica's tables.
 */
public final class Postgres extends Server {

    static final String SUPERUSER = "postgres";
    static final String PASSWORD = "postgres";
    private static final List<String> INITDB =
            List.of("-U", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C");

    /** The databases that the server must have, and their owners, who run the migrations. */
    private static final Map<String, String> DATABASES =
            Map.of("orders", "orders_owner", "projection", "projection", "replica", "replica");

    private final Path data;
    private final boolean empty;

    /** Creates the server with the folder and the port of the configuration; does not start it. */
    public Postgres(StackConfig config) {
        this(config, false);
    }

    /** @param empty whether it has none of Afterimage's roles and databases, for other applications */
    Postgres(StackConfig config, boolean empty) {
        super("postgres", config);
        this.data = config.home().resolve("postgres");
        this.empty = empty;
    }

    /**
     * Starts the server with the data of earlier runs, or with a new data folder.
     *
     * @throws StackException when it cannot run here
     */
    public static Postgres start(StackConfig config) {
        return startForThisRun(new Postgres(config));
    }

    public String jdbcUrl(String database) {
        return "jdbc:postgresql://" + StackConfig.HOST + ":" + config().postgresPort() + "/" + database;
    }

    /**
     * A connection as the superuser, for tests and tools.
     *
     * @param settings of the driver, such as {@code replication=database}
     */
    public Connection connect(String database, String... settings) throws SQLException {
        String all =
                "?loginTimeout=10" + Stream.of(settings).map(each -> "&" + each).collect(Collectors.joining());
        return DriverManager.getConnection(jdbcUrl(database) + all, SUPERUSER, PASSWORD);
    }

    /** A connection as the superuser for short queries: each fails when the server does not answer within 5 seconds. */
    public Connection connectBriefly() throws SQLException {
        return DriverManager.getConnection(
                jdbcUrl("postgres") + "?connectTimeout=2&socketTimeout=5", SUPERUSER, PASSWORD);
    }

    /** The first column of the rows of a query, as text. */
    public static List<String> texts(Connection connection, String query, String... parameters) throws SQLException {
        List<String> texts = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setString(i + 1, parameters[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    texts.add(row.getString(1));
                }
            }
        }
        return texts;
    }

    /**
     * Whether the replication slot is being read now. A connector can be RUNNING before that.
     *
     * @throws StackException when the server does not answer
     */
    public boolean replicates(String slot) {
        try (Connection connection = connectBriefly()) {
            // a slot is also active while it is being created, but then it has no position yet
            return !texts(connection, """
                            select slot_name from pg_replication_slots
                            where slot_name = ? and active and confirmed_flush_lsn is not null
                            """, slot).isEmpty();
        } catch (SQLException e) {
            throw new StackException("PostgreSQL does not answer: " + e.getMessage(), e);
        }
    }

    /**
     * What the replication slot still has of the log, such as {@code reserved} or {@code lost}; empty if there is no
     * such slot.
     *
     * @throws StackException when the server does not answer
     */
    public Optional<String> walStatus(String slot) {
        try (Connection connection = connectBriefly()) {
            return texts(connection, "select wal_status from pg_replication_slots where slot_name = ?", slot).stream()
                    .findFirst();
        } catch (SQLException e) {
            throw new StackException("PostgreSQL does not answer: " + e.getMessage(), e);
        }
    }

    @Override
    protected List<String> prepare() throws IOException {
        Path bin = Distribution.locate().postgres().resolve("bin");
        if (!Files.exists(data)) {
            initialise(bin);
        }
        disownReusedPid();
        List<String> command = new ArrayList<>(List.of(
                bin.resolve("postgres").toString(),
                "-D",
                data.toString(),
                "-p",
                Integer.toString(config().postgresPort())));
        Map.of(
                        "listen_addresses", StackConfig.HOST,
                        "unix_socket_directories", "",
                        "wal_level", "logical",
                        "max_replication_slots", "20",
                        "max_wal_senders", "20",
                        "shared_buffers", "64MB",
                        // asynchronous reads by worker processes are not faster when the data is in the page cache
                        "io_method", "sync",
                        // a JVM that is killed during a transaction must not keep its locks until TCP times out
                        "tcp_keepalives_idle", "5",
                        "tcp_keepalives_interval", "2")
                .forEach((setting, value) -> command.addAll(List.of("-c", setting + "=" + value)));
        return Detached.fromRoot(command, data);
    }

    /**
     * Creates the data folder under another name and renames it, so that a kill never leaves an incomplete cluster. The
     * first cluster is kept as a template beside PostgreSQL's programs. Later clusters are copies of the template,
     * which takes a third of the work. Unlike initdb, a copy does not wait for the disk: a power failure in the first
     * seconds of a new data folder may destroy that folder.
     */
    private void initialise(Path bin) throws IOException {
        Path incomplete = data.resolveSibling("postgres.incomplete");
        Folders.delete(incomplete);
        Files.createDirectories(incomplete);
        Path template = bin.resolveSibling("template-" + Integer.toHexString(Objects.hash(INITDB, PASSWORD)));
        // a template that another user of this machine created is not readable
        if (Files.isReadable(template.resolve("PG_VERSION"))) {
            Folders.copy(template, incomplete);
        } else {
            initdb(bin, incomplete);
            Folders.once(template, copy -> Folders.copy(incomplete, copy));
        }
        Files.move(incomplete, data);
    }

    private void initdb(Path bin, Path folder) throws IOException {
        Path password = folder.resolveSibling("postgres.password");
        Files.writeString(password, PASSWORD);
        List<String> command = new ArrayList<>(
                List.of(bin.resolve("initdb").toString(), "-D", folder.toString(), "--pwfile=" + password));
        command.addAll(INITDB);
        try {
            if (run(Detached.fromRoot(command, folder)) != 0) {
                throw new StackException("PostgreSQL cannot create its data folder " + data + ". " + lastWords());
            }
        } finally {
            Files.deleteIfExists(password);
        }
    }

    /**
     * After a reboot, another process may have the pid that a killed server left in its lock file. PostgreSQL would
     * then always refuse to start. So we write our own pid into the file: PostgreSQL ignores the pid of its parent, and
     * still checks for backends that use the shared memory. Without the file that check would be skipped.
     */
    private void disownReusedPid() throws IOException {
        Path lockFile = data.resolve("postmaster.pid");
        if (!Files.exists(lockFile)) {
            return;
        }
        List<String> lines = new ArrayList<>(Files.readAllLines(lockFile));
        boolean somebodyElse = !lines.isEmpty()
                && lines.getFirst().matches("[0-9]{1,18}")
                && ProcessHandle.of(Long.parseLong(lines.getFirst()))
                        .flatMap(process -> process.info().command())
                        .filter(command -> !command.endsWith("/postgres"))
                        .isPresent();
        if (somebodyElse) {
            lines.set(0, Long.toString(ProcessHandle.current().pid()));
            Files.write(lockFile, lines);
        }
    }

    /** After a {@code kill -9} of only the postmaster, its orphaned backends use the data folder for a moment. */
    @Override
    protected boolean startIsWorthRepeating() {
        String words = printedSinceStart();
        boolean held = words.contains("lock file \"postmaster.pid\" already exists")
                || words.contains("pre-existing shared memory block");
        if (held) {
            pause(Duration.ofMillis(200));
        }
        return held;
    }

    @Override
    protected Map<String, Integer> ports() {
        return Map.of("PostgreSQL", config().postgresPort());
    }

    @Override
    protected boolean answers() {
        try (Connection connection = connectBriefly()) {
            return connection.isValid(1);
        } catch (SQLException e) {
            return false;
        }
    }

    /** "Fast shutdown": ends the sessions of clients, whereas TERM waits for them. */
    @Override
    protected String stopSignal() {
        return "INT";
    }

    /**
     * After a SIGTERM from outside, PostgreSQL refuses logins and waits for open sessions, which the pools of the
     * services never close. Its lock file tells so in line 8.
     */
    @Override
    protected boolean waitsForClients() {
        try (Stream<String> lines = Files.lines(data.resolve("postmaster.pid"))) {
            return lines.skip(7)
                    .findFirst()
                    .filter(status -> status.strip().equals("stopping"))
                    .isPresent();
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }

    @Override
    protected void provision() {
        if (empty) {
            return;
        }
        try (Connection connection = connect("postgres");
                Statement statement = connection.createStatement()) {
            statement.execute(resource("roles.sql"));
            List<String> existing = texts(connection, "select datname from pg_database");
            for (Map.Entry<String, String> database : DATABASES.entrySet()) {
                if (!existing.contains(database.getKey())) {
                    statement.execute("create database %s owner %s".formatted(database.getKey(), database.getValue()));
                }
            }
            statement.execute(resource("databases.sql"));
        } catch (SQLException | IOException e) {
            throw new StackException("PostgreSQL does not accept the roles and databases: " + e.getMessage(), e);
        }
        makeReplicaTables();
    }

    private void makeReplicaTables() {
        Path file = Connectors.folder().resolve("replica.sql");
        try (Connection connection = connect("replica");
                Statement statement = connection.createStatement()) {
            statement.execute("set role replica");
            statement.execute(Files.readString(file));
        } catch (SQLException | IOException e) {
            throw new StackException("PostgreSQL does not accept " + file + ": " + e.getMessage(), e);
        }
    }

    private static String resource(String name) throws IOException {
        try (InputStream stream = Objects.requireNonNull(Postgres.class.getResourceAsStream(name), name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
