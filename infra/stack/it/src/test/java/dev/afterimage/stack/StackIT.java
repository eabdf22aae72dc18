package dev.afterimage.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.afterimage.testing.Database;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

/** Uses its own servers, because each test kills them or starts them in an incomplete folder. */
class StackIT {

    private static final ListTransactionsOptions ONGOING =
            new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING));

    /** A path with a space and an umlaut, as many users have. */
    private static Path home(String name) {
        return Servers.emptied("my clöne/" + name);
    }

    /** A server without roles and databases, which these tests do not need. */
    private static Postgres bare(StackConfig config) {
        Postgres postgres = new Postgres(config, true);
        postgres.closeAtExit();
        postgres.start();
        return postgres;
    }

    @Test
    void postgresKeepsCommittedRowsThroughAKillOfThePostmaster() throws Exception {
        Path home = home("kept");
        try (Postgres postgres = Postgres.start(StackConfig.onFreePorts(home))) {
            Database orders = Database.of(postgres.jdbcUrl("orders"));
            try (Connection connection = orders.connect()) {
                connection.createStatement().execute("create table kept (id int)");
                connection.createStatement().execute("insert into kept values (42)");
                postgres.kill();
            }
            postgres.start();
            assertThat(orders.value("select id from kept")).isEqualTo("42");
        }
        assertThat(home.resolve("postgres.pid")).doesNotExist();
    }

    @Test
    void postgresIsRestartedAfterATermSignalAlthoughASessionIsOpen() throws Exception {
        try (Postgres postgres = bare(StackConfig.onFreePorts(home("termed")));
                Supervisor supervisor = new Supervisor(told -> {}, reason -> {});
                Connection open = Database.of(postgres.jdbcUrl("postgres")).connect()) {
            supervisor.watch(postgres);
            long pid = Objects.requireNonNull(postgres.pid());
            assertThat(ProcessHandle.of(pid).orElseThrow().destroy()).isTrue();
            await().until(() -> postgres.pid() != null && postgres.pid() != pid && postgres.answers());
            assertThat(open.isValid(1)).isFalse();
        }
    }

    @Test
    void aLockFileWhosePidIsSomebodyElsesByNowDoesNotKeepPostgresFromStarting() throws Exception {
        Path home = home("locked");
        Process somebodyElse = new ProcessBuilder("sleep", "600").start();
        try (Postgres postgres = bare(StackConfig.onFreePorts(home))) {
            postgres.kill();
            Path lockFile = home.resolve("postgres/postmaster.pid");
            String lock = Files.readString(lockFile);
            Files.writeString(lockFile, lock.replaceFirst("[0-9]+", Long.toString(somebodyElse.pid())));
            postgres.start();
            assertThat(postgres.pid()).isNotNull();
        } finally {
            somebodyElse.destroy();
        }
    }

    @Test
    void postgresIsDurableAndLogical() {
        Database orders = Servers.shared().database("orders");
        assertThat(orders.value("show wal_level")).isEqualTo("logical");
        assertThat(orders.value("show fsync")).isEqualTo("on");
        assertThat(orders.value("show synchronous_commit")).isEqualTo("on");
    }

    @Test
    void debeziumMayReplicateButNeitherReadTablesNorEnterOtherDatabases() throws Exception {
        Servers servers = Servers.shared();
        try (Connection owner = servers.connect("orders", "orders_owner");
                Connection debezium = servers.connect("orders", "debezium")) {
            owner.createStatement().execute("create table secrets (id int)");
            assertThatThrownBy(() -> debezium.createStatement().execute("select * from secrets"))
                    .hasMessageContaining("permission denied");
            assertThatThrownBy(() -> debezium.createStatement().execute("create table mine (id int)"))
                    .hasMessageContaining("permission denied");
        }
        assertThatThrownBy(() -> servers.connect("projection", "debezium"))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("permission denied");
    }

    @Test
    void aServerLeftBehindByAKilledRunIsStoppedBeforeTheNextStarts() {
        StackConfig config = StackConfig.onFreePorts(home("left"));
        Postgres leftBehind = bare(config);
        long pid = Objects.requireNonNull(leftBehind.pid());
        try (Postgres next = bare(config)) {
            assertThat(ProcessHandle.of(pid)).isEmpty();
            assertThat(next.pid()).isNotEqualTo(pid);
        } finally {
            leftBehind.close();
        }
    }

    @Test
    void aClusterThatWasOnlyHalfMadeIsMadeAgain() throws Exception {
        Path home = home("half");
        Files.createDirectories(home.resolve("postgres.incomplete/base"));
        try (Postgres postgres = bare(StackConfig.onFreePorts(home))) {
            assertThat(postgres.pid()).isNotNull();
        }
    }

    @Test
    void aTakenPortIsNamed() throws Exception {
        StackConfig config = StackConfig.onFreePorts(home("taken"));
        try (ServerSocket other = new ServerSocket(config.postgresPort(), 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> Postgres.start(config))
                    .isInstanceOf(StackException.class)
                    .hasMessageContaining("Port " + other.getLocalPort() + ", which PostgreSQL needs, is taken");
        }
    }

    @Test
    void kafkaAndConnectComeBackAfterAKill() throws Exception {
        // Given a folder that a kill left half formatted
        Path home = home("kafka");
        Files.createDirectories(home.resolve("kafka.incomplete"));
        Files.createDirectories(home.resolve("kafka"));
        Files.writeString(home.resolve("kafka/bootstrap.checkpoint"), "half");
        StackConfig config = StackConfig.onFreePorts(home);
        try (KafkaBroker kafka = KafkaBroker.start(config)) {
            kafka.kill();
            kafka.start();
            try (var admin = kafka.admin();
                    ConnectWorker connect = ConnectWorker.start(config)) {
                assertThat(admin.listTopics().names().get()).contains("order.events", "order.events.dlq");
                assertThat(connect.connectors().names()).isEmpty();
                connect.kill();
                String id = "afterimage-connect-order-outbox-0";
                try (var task = transaction(kafka, id)) {
                    task.send(new ProducerRecord<>("order.events", "key", "value"))
                            .get();
                    assertThat(admin.listTransactions(ONGOING).all().get())
                            .extracting(TransactionListing::transactionalId)
                            .contains(id);

                    connect.publishAtLeastOnce();
                    connect.start();

                    assertThat(connect.connectors().names()).isEmpty();
                    assertThat(admin.listTransactions(ONGOING).all().get())
                            .as("the transaction of the killed task")
                            .extracting(TransactionListing::transactionalId)
                            .doesNotContain(id);
                }
                assertThatThrownBy(() -> connect.apply(Connectors.folder().resolve("order-outbox.json")))
                        .as("the only error: no PostgreSQL runs")
                        .hasMessageContaining("database.")
                        .hasMessageNotContaining("exactly.once");
            }
        }
    }

    private static KafkaProducer<String, String> transaction(KafkaBroker kafka, String id) {
        var producer = new KafkaProducer<>(
                Map.<String, Object>of("bootstrap.servers", kafka.bootstrapServers(), "transactional.id", id),
                new StringSerializer(),
                new StringSerializer());
        producer.initTransactions();
        producer.beginTransaction();
        return producer;
    }
}
