package dev.afterimage.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StackIT {

    private static final ListTransactionsOptions ONGOING =
            new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING));

    @TempDir
    Path temporary;

    /** A space and an umlaut, as in many a user's path. */
    private Path home;

    @BeforeEach
    void makeHome() throws Exception {
        home = Files.createDirectories(temporary.resolve("my clöne"));
    }

    @Test
    void postgresKeepsCommittedRowsThroughAKillOfThePostmaster() throws Exception {
        StackConfig config = StackConfig.onFreePorts(home);
        try (Postgres postgres = Postgres.start(config)) {
            try (Connection connection = postgres.connect("orders")) {
                connection.createStatement().execute("create table kept (id int)");
                connection.createStatement().execute("insert into kept values (42)");
                postgres.kill();
            }
            postgres.start();
            assertThat(scalar(postgres, "orders", "select id from kept")).isEqualTo("42");
        }
        assertThat(home.resolve("postgres.pid")).doesNotExist();
    }

    @Test
    void aLockFileWhosePidIsSomebodyElsesByNowDoesNotKeepPostgresFromStarting() throws Exception {
        StackConfig config = StackConfig.onFreePorts(home);
        Process somebodyElse = new ProcessBuilder("sleep", "600").start();
        try (Postgres postgres = Postgres.start(config)) {
            postgres.kill();
            Path lockFile = home.resolve("postgres/postmaster.pid");
            String lock = Files.readString(lockFile);
            Files.writeString(lockFile, lock.replaceFirst("[0-9]+", Long.toString(somebodyElse.pid())));
            postgres.start();
            assertThat(scalar(postgres, "orders", "select 1")).isEqualTo("1");
        } finally {
            somebodyElse.destroy();
        }
    }

    @Test
    void postgresIsDurableAndLogical() {
        try (Postgres postgres = Postgres.start(StackConfig.onFreePorts(home))) {
            assertThat(scalar(postgres, "orders", "show wal_level")).isEqualTo("logical");
            assertThat(scalar(postgres, "orders", "show fsync")).isEqualTo("on");
            assertThat(scalar(postgres, "orders", "show synchronous_commit")).isEqualTo("on");
        }
    }

    @Test
    void debeziumMayReplicateButNeitherReadTablesNorEnterOtherDatabases() throws Exception {
        try (Postgres postgres = Postgres.start(StackConfig.onFreePorts(home))) {
            try (Connection owner =
                    DriverManager.getConnection(postgres.jdbcUrl("orders"), "orders_owner", "orders_owner")) {
                owner.createStatement().execute("create table secrets (id int)");
            }
            try (Connection debezium =
                    DriverManager.getConnection(postgres.jdbcUrl("orders"), "debezium", "debezium")) {
                assertThatThrownBy(() -> debezium.createStatement().execute("select * from secrets"))
                        .hasMessageContaining("permission denied");
                assertThatThrownBy(() -> debezium.createStatement().execute("create table mine (id int)"))
                        .hasMessageContaining("permission denied");
            }
            assertThatThrownBy(
                            () -> DriverManager.getConnection(postgres.jdbcUrl("projection"), "debezium", "debezium"))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("permission denied");
        }
    }

    @Test
    void aServerLeftBehindByAKilledRunIsStoppedBeforeTheNextStarts() {
        StackConfig config = StackConfig.onFreePorts(home);
        Postgres leftBehind = Postgres.start(config);
        long pid = Objects.requireNonNull(leftBehind.pid());
        try (Postgres next = Postgres.start(config)) {
            assertThat(ProcessHandle.of(pid)).isEmpty();
            assertThat(next.pid()).isNotEqualTo(pid);
        } finally {
            leftBehind.close();
        }
    }

    @Test
    void aClusterThatWasOnlyHalfMadeIsMadeAgain() throws Exception {
        Files.createDirectories(home.resolve("postgres.incomplete/base"));
        Files.createDirectories(home.resolve("kafka.incomplete"));
        Files.createDirectories(home.resolve("kafka"));
        Files.writeString(home.resolve("kafka/bootstrap.checkpoint"), "half");
        StackConfig config = StackConfig.onFreePorts(home);
        try (Postgres postgres = Postgres.start(config);
                KafkaBroker kafka = KafkaBroker.start(config)) {
            assertThat(postgres.pid()).isNotNull();
            assertThat(kafka.pid()).isNotNull();
        }
    }

    @Test
    void aTakenPortIsNamed() throws Exception {
        StackConfig config = StackConfig.onFreePorts(home);
        try (ServerSocket other = new ServerSocket(config.postgresPort(), 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> Postgres.start(config))
                    .isInstanceOf(StackException.class)
                    .hasMessageContaining("Port " + other.getLocalPort() + ", which PostgreSQL needs, is taken");
        }
    }

    @Test
    void kafkaKeepsItsTopicsThroughAKillAndConnectJoinsIt() throws Exception {
        StackConfig config = StackConfig.onFreePorts(home);
        try (KafkaBroker kafka = KafkaBroker.start(config)) {
            kafka.kill();
            kafka.start();
            try (var admin = kafka.admin()) {
                assertThat(admin.listTopics().names().get()).contains("order.events", "order.events.dlq");
            }
            try (ConnectWorker connect = ConnectWorker.start(config)) {
                assertThat(connect.connectors().names()).isEmpty();
                connect.kill();
                connect.publishAtLeastOnce();
                connect.start();
                assertThat(connect.connectors().names()).isEmpty();
                assertThatThrownBy(() -> connect.apply(Connectors.folder().resolve("order-outbox.json")))
                        .as("no PostgreSQL runs, and that is all that is wrong")
                        .hasMessageContaining("database.")
                        .hasMessageNotContaining("exactly.once");
            }
        }
    }

    @Test
    void connectStartsAtOnceThoughAKilledTaskLeftATransactionOpen() throws Exception {
        StackConfig config = StackConfig.onFreePorts(home);
        try (KafkaBroker kafka = KafkaBroker.start(config);
                var task = new KafkaProducer<>(
                        Map.<String, Object>of(
                                "bootstrap.servers",
                                kafka.bootstrapServers(),
                                "transactional.id",
                                "afterimage-connect-order-outbox-0"),
                        new StringSerializer(),
                        new StringSerializer());
                var admin = kafka.admin()) {
            task.initTransactions();
            task.beginTransaction();
            task.send(new ProducerRecord<>("order.events", "key", "value")).get();
            assertThat(admin.listTransactions(ONGOING).all().get()).hasSize(1);

            try (ConnectWorker connect = ConnectWorker.start(config)) {
                assertThat(connect.connectors().names()).isEmpty();
                assertThat(admin.listTransactions(ONGOING).all().get()).isEmpty();
            }
        }
    }

    private static String scalar(Postgres postgres, String database, String query) {
        try (Connection connection = postgres.connect(database);
                ResultSet row = connection.createStatement().executeQuery(query)) {
            row.next();
            return row.getString(1);
        } catch (SQLException e) {
            throw new AssertionError(query, e);
        }
    }
}
