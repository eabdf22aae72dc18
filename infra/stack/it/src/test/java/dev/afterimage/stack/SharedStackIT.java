package dev.afterimage.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.afterimage.testing.Database;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SharedStackIT {

    private static final StackRequest.Outbox OUTBOX = new StackRequest.Outbox(
            "public", "outbox", List.of("id", "aggregatetype", "aggregateid", "type", "payload"));
    private static final StackRequest.Database LIBRARY =
            new StackRequest.Database("library", "librarian", Map.of("librarian", "secret", "reader", "reader"));

    private static final Path HOME = Servers.emptied("dev-services");

    private final List<String> told = new CopyOnWriteArrayList<>();

    @Test
    void twoUsersShareOneStackThatEndsWithTheLastOfThem() throws Exception {
        var first = SharedStack.join(place("shared"), databaseOnly(), told::add);
        var second = SharedStack.join(place("shared"), databaseOnly(), told::add);
        assertThat(second.addresses()).isEqualTo(first.addresses());
        first.close();
        // longer than a daemon waits without users
        await().during(Duration.ofSeconds(4)).until(() -> answers(second));
        second.close();
        await().atMost(Duration.ofSeconds(15)).until(() -> !answers(second));
        await().atMost(Duration.ofSeconds(5)).until(() -> pids("shared").isEmpty());
    }

    @Test
    void theFirstEventArrivesAlthoughItWasWrittenBeforeTheConnectorRan() throws Exception {
        try (var stack = SharedStack.join(place("first"), request(false), told::add)) {
            try (var connection = DriverManager.getConnection(url(stack), "librarian", "secret")) {
                connection.createStatement().execute("""
                        create table outbox (id uuid, aggregatetype text, aggregateid text, type text, payload text)""");
                connection.createStatement().execute("""
                        insert into outbox values (gen_random_uuid(), 'loan', '4711', 'LoanOpened', '{"book":"Emma"}')""");
                connection.createStatement().execute("delete from outbox");
            }
            assertThat(firstOf(stack, "loan.events")).isEqualTo("4711 {\"book\":\"Emma\"}");
        }
    }

    @Test
    void aKilledDaemonIsReplacedOnTheSamePortsAndTheDataIsStillThere() throws Exception {
        try (var stack = SharedStack.join(place("killed"), databaseOnly(), told::add)) {
            StackRequest.Addresses before = stack.addresses();
            ProcessHandle daemon = ProcessHandle.allProcesses()
                    .filter(process -> Stream.of(process.info().arguments().orElse(new String[0]))
                            .anyMatch(argument -> argument.startsWith(
                                    "{\"home\":\"" + HOME.resolve("killed").toUri())))
                    .findFirst()
                    .orElseThrow();
            daemon.destroyForcibly();
            await().atMost(Duration.ofSeconds(30)).until(() -> told.stream().anyMatch(line -> line.contains("again")));
            await().atMost(Duration.ofSeconds(30)).until(() -> answers(stack));
            assertThat(stack.addresses()).isEqualTo(before);
        }
    }

    @Test
    void anOutboxTableThatDoesNotMatchIsToldInOneSentence() {
        Servers servers = Servers.shared();
        Database library = servers.database("postgres");
        library.execute("create schema library", "create table library.outbox (id uuid, aggregate_type text)");
        var login = new StackRequest.Login(library.jdbcUrl(), library.user(), library.password());
        var outbox = new StackRequest.Outbox("library", "outbox", OUTBOX.columns());
        assertThat(new Databases(servers.config()).compare(login, outbox))
                .hasValue("The outbox table library.outbox has no column aggregatetype, but aggregate_type, id: alter"
                        + " the table, or set the column's name by quarkus.debezium-outbox.*.name.");
    }

    @Test
    void aTakenPortIsNamed() throws Exception {
        try (ServerSocket taken = new ServerSocket(0)) {
            StackRequest.Place place = new StackRequest.Place(
                    HOME.resolve("taken"), true, taken.getLocalPort(), 0, 0, null, distribution(), classPath());
            assertThatThrownBy(() -> SharedStack.join(place, databaseOnly(), told::add))
                    .isInstanceOf(StackException.class)
                    .hasMessage(
                            "Port " + taken.getLocalPort() + ", which PostgreSQL needs, is taken by another program:"
                                    + " stop that program or choose another port.");
        }
    }

    @Test
    void aFolderThatCannotBeMadeIsNamed() throws Exception {
        Path file = Files.createFile(HOME.resolve("file"));
        assertThatThrownBy(() -> SharedStack.join(place("file/below"), databaseOnly(), told::add))
                .isInstanceOf(StackException.class)
                .hasMessageStartingWith("Cannot write to the folder of the dev services, " + file)
                .hasMessageEndingWith("give yourself that permission or choose another folder.");
    }

    @Test
    void tooLittleMemoryIsSaidBeforeAnythingStarts() {
        assertThatThrownBy(() -> SharedStack.requireMemory("MemTotal: 4000000 kB\nMemAvailable:     512000 kB\n"))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("500 MB are left");
        SharedStack.requireMemory("MemAvailable: 2097152 kB");
    }

    private static StackRequest databaseOnly() {
        return new StackRequest(LIBRARY, null, false, null, List.of(), false);
    }

    private static StackRequest request(boolean streaming) {
        Map<String, String> config = new HashMap<>();
        config.put("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
        config.put("database.dbname", "library");
        config.put("topic.prefix", "library");
        config.put("plugin.name", "pgoutput");
        config.put("slot.name", "library_outbox");
        config.put("publication.name", "library_outbox");
        config.put("publication.autocreate.mode", "disabled");
        config.put("table.include.list", "public.outbox");
        config.put("snapshot.mode", "no_data");
        config.put("topic.creation.default.partitions", "1");
        config.put("topic.creation.default.replication.factor", "1");
        config.put("transforms", "outbox");
        config.put("transforms.outbox.type", "io.debezium.transforms.outbox.EventRouter");
        config.put("transforms.outbox.route.topic.replacement", "${routedByValue}.events");
        return new StackRequest(
                LIBRARY,
                null,
                true,
                null,
                List.of(new StackRequest.Connector("library", config, OUTBOX, true)),
                streaming);
    }

    private StackRequest.Place place(String name) {
        return new StackRequest.Place(HOME.resolve(name), false, 0, 0, 0, null, distribution(), classPath());
    }

    private static Path distribution() {
        return Distribution.locate().folder();
    }

    private static List<Path> classPath() {
        return Stream.of(System.getProperty("java.class.path").split(":", -1))
                .map(Path::of)
                .toList();
    }

    private static String url(SharedStack stack) {
        return "jdbc:postgresql://" + stack.addresses().postgres() + "/library";
    }

    private static boolean answers(SharedStack stack) {
        try (var connection = DriverManager.getConnection(url(stack), "reader", "reader")) {
            return connection.isValid(1);
        } catch (SQLException e) {
            return false;
        }
    }

    private List<Path> pids(String name) throws Exception {
        try (Stream<Path> files = Files.list(HOME.resolve(name))) {
            return files.filter(file -> file.toString().endsWith(".pid")).toList();
        }
    }

    private static @Nullable String firstOf(SharedStack stack, String topic) {
        try (var consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", stack.addresses().kafka(), "isolation.level", "read_committed"),
                new StringDeserializer(),
                new StringDeserializer())) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            consumer.seekToBeginning(consumer.assignment());
            return await().atMost(Duration.ofMinutes(3))
                    .until(
                            () -> {
                                for (var event : consumer.poll(Duration.ofMillis(200))) {
                                    assertThat(event.headers().lastHeader("id").value())
                                            .asString(StandardCharsets.UTF_8)
                                            .hasSize(36);
                                    return event.key() + " " + event.value();
                                }
                                return null;
                            },
                            java.util.Objects::nonNull);
        }
    }
}
