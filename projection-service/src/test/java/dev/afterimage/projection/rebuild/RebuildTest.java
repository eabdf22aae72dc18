package dev.afterimage.projection.rebuild;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import jakarta.inject.Inject;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class RebuildTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    /** The possible final states of an order: version and number of items, or the delete. */
    private static final Set<String> ENDS = Set.of("1 1", "2 2", "3 3", "deleted 4");

    @Inject
    DataSource dataSource;

    @Inject
    TopicHistory topics;

    @Inject
    LoggedHistory log;

    private final Database database = Database.ofService().in("cdc_processed");

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    @ParameterizedTest
    @ValueSource(strings = {"topics", "log"})
    void endsWithWhatTheEventsTellWhileReadsAndWritesGoOn(String source) throws Exception {
        List<OrderEvents> orders = new ArrayList<>();
        try (var topic = new OrderTopic(bootstrapServers)) {
            for (int i = 0; i < 300; i++) {
                orders.add(new OrderEvents());
                send(topic, orders.getLast(), 1 + i % 4);
            }
            topic.flush();
            awaitVersions(orders);
            String indexes = text("select string_agg(indexdef, ';' order by indexdef) from pg_indexes"
                    + " where schemaname = 'cdc_processed'");
            UUID invented = UUID.randomUUID();
            String ours = " id in ('%s')"
                    .formatted(orders.stream().map(order -> order.id.toString()).collect(Collectors.joining("', '")));
            database.execute("update orders set total = total + 1, status = 'CANCELLED' where" + ours);
            database.execute("delete from order_items where line_no = 1 and order_" + ours.strip());
            database.execute("insert into customers select '" + invented
                    + "', 'Nobody', 'n@example.com', now(), now(), 1, 'c', now()," + " now()");
            database.execute("delete from deletions");
            database.execute("grant usage on schema cdc_processed to replica");
            database.execute("grant select on orders, order_overview to replica");

            String id = started(source);
            var ended = new AtomicBoolean();
            var refused = CompletableFuture.supplyAsync(() -> reads(orders.getFirst().id, ended));
            for (int i = 0; !status(id).equals("DONE"); i++) {
                assertThat(status(id)).isIn("RUNNING", "DONE");
                assertThat(i).isLessThan(2_000);
                orders.add(new OrderEvents());
                send(topic, orders.getLast(), 1 + i % 4);
            }
            ended.set(true);
            topic.flush();

            awaitVersions(orders);
            assertThat(refused.join()).as("reads that failed meanwhile").isZero();
            assertThat(text("select count(*) from orders where (total <> 59.80 or status = 'CANCELLED') and" + ours))
                    .isEqualTo("0");
            assertThat(text("select count(*) from orders o where not exists"
                            + " (select from order_items i where i.order_id = o.id and i.line_no = 1) and"
                            + ours))
                    .isEqualTo("0");
            assertThat(text("select count(*) from customers where id = '" + invented + "'"))
                    .isEqualTo("0");
            assertThat(text("select string_agg(indexdef, ';' order by indexdef) from pg_indexes"
                            + " where schemaname = 'cdc_processed'"))
                    .isEqualTo(indexes);
            assertThat(text("select has_schema_privilege('replica', 'cdc_processed', 'usage')"
                            + " and has_table_privilege('replica', 'cdc_processed.orders', 'select')"
                            + " and has_table_privilege('replica', 'cdc_processed.order_overview', 'select')"))
                    .as("what others may read")
                    .isEqualTo("t");
            assertThat(text("select count(*) from pg_namespace where nspname in ('cdc_rebuild', 'cdc_replaced')"))
                    .isEqualTo("0");
            given().get("/rebuilds/" + id)
                    .then()
                    .body("progress", equalTo(1.0f))
                    .body("source", equalTo(source));
        }
    }

    @Test
    void refusesASecondOneWhileOneRuns() throws SQLException {
        // Given a rebuild that no instance runs, because the test holds its lock
        try (var holder = dataSource.getConnection();
                var lock = holder.createStatement()) {
            lock.execute("select pg_advisory_lock(" + 0x5ebd1d + ")");
            String first = started("log");

            given().contentType(ContentType.JSON)
                    .body("{}")
                    .post("/rebuilds")
                    .then()
                    .statusCode(409)
                    .body("type", equalTo("urn:problem-type:afterimage:rebuild-running"));

            lock.execute("select pg_advisory_unlock(" + 0x5ebd1d + ")");
            await().atMost(LIMIT).until(() -> status(first).equals("DONE"));
        }
    }

    /** The rebuild may already have passed the letter's offset. */
    @Test
    void keepsDeadLettersUntilItHasEnded() throws SQLException {
        String key = UUID.randomUUID().toString();
        try (var topic = new OrderTopic(bootstrapServers)) {
            topic.put(key, "{}");
        }
        String ours = "select id from cdc_raw.dead_letters where key = convert_to('" + key + "', 'UTF8')";
        await().atMost(LIMIT).until(() -> text(ours) != null);
        String letter = text(ours);
        try (var holder = dataSource.getConnection();
                var lock = holder.createStatement()) {
            lock.execute("select pg_advisory_lock(" + 0x5ebd1d + ")");
            String rebuild = started("log");

            given().post("/dead-letters/" + letter + "/replay")
                    .then()
                    .statusCode(409)
                    .body("type", equalTo("urn:problem-type:afterimage:rebuild-running"));

            lock.execute("select pg_advisory_unlock(" + 0x5ebd1d + ")");
            await().atMost(LIMIT).until(() -> status(rebuild).equals("DONE"));
        }
        given().post("/dead-letters/" + letter + "/replay")
                .then()
                .statusCode(409)
                .body("type", equalTo("urn:problem-type:afterimage:still-refused"));
        given().delete("/dead-letters/" + letter).then().statusCode(204);
    }

    @Test
    void saysWhatIsMissingInsteadOfForgettingIt() throws Exception {
        try (var topic = new OrderTopic(bootstrapServers)) {
            var order = new OrderEvents();
            send(topic, order, 1);
            topic.flush();
            awaitVersions(List.of(order));
        }
        database.execute(
                "update cdc_raw.positions set logged_from = 7 where topic = 'order.events' and next_offset > 0");
        try {
            String id = started("log");
            await().atMost(LIMIT).until(() -> status(id).equals("FAILED"));
            assertThat((String) given().get("/rebuilds/" + id).path("error"))
                    .contains("is complete from offset 7 on only", "POST /snapshots");
        } finally {
            database.execute("update cdc_raw.positions set logged_from = 0");
        }
    }

    /** What the live model knows of the earlier log is in neither. */
    @ParameterizedTest
    @ValueSource(strings = {"topics", "log"})
    void saysThatATopicWasCreatedAgain(String source) throws Exception {
        database.execute("update cdc_raw.positions set replaced_after = 0 where topic = 'order.events'");
        try {
            String id = started(source);
            await().atMost(LIMIT).until(() -> status(id).equals("FAILED"));
            assertThat((String) given().get("/rebuilds/" + id).path("error"))
                    .contains("was created again, and lacks its earlier events", "POST /snapshots");
            assertEndsAs("DONE", source, true);
        } finally {
            database.execute("update cdc_raw.positions set replaced_after = null");
        }
    }

    @Test
    void doesNotWaitForAPartitionThatIsGone() {
        database.execute("insert into cdc_raw.positions (topic, partition, next_offset, logged_from)"
                + " values ('gone.events', 2, 5, 0)");
        try {
            assertThat(assertEndsAs("FAILED", "topics", false)).contains("gone.events/2 does not exist any more");
            assertEndsAs("DONE", "topics", true);
            assertEndsAs("DONE", "log", false);
        } finally {
            database.execute("delete from cdc_raw.positions where topic = 'gone.events'");
        }
    }

    @Test
    void doesNotWaitForTheEndOfATopicThatIsLost() throws Exception {
        String name = topicOf(1);
        database.execute("insert into cdc_raw.positions (topic, partition, next_offset, logged_from)" + " values ('"
                + name + "', 0, 5, 0)");
        try {
            assertThat(assertEndsAs("FAILED", "topics", true))
                    .contains(name + "/0 ends at offset 1, and its events are applied up to offset 5");
        } finally {
            database.execute("delete from cdc_raw.positions where topic = '" + name + "'");
        }
    }

    /** The topic begins at offset 3 when the rebuild resumes. */
    @ParameterizedTest
    @CsvSource({"2, FAILED", "3, DONE"})
    void failsIfRetentionDeletesEventsThatItHasNotRead(int rebuilt, String end) throws Exception {
        String name = topicOf(5);
        database.execute("insert into cdc_raw.positions (topic, partition, next_offset, logged_from)" + " values ('"
                + name + "', 0, 5, 0)");
        try (var holder = dataSource.getConnection();
                var lock = holder.createStatement()) {
            lock.execute("select pg_advisory_lock(" + 0x5ebd1d + ")");
            String id = started("topics");
            lock.execute("select cdc_raw.new_model('cdc_rebuild')");
            lock.execute("comment on schema cdc_rebuild is '" + id + "'");
            lock.execute("insert into cdc_raw.rebuild_positions"
                    + " (rebuild_id, topic, partition, first_offset, next_offset, events)"
                    + " values ('" + id + "', '" + name + "', 0, 0, " + rebuilt + ", 0)");
            deleteRecords(name, 3);
            lock.execute("select pg_advisory_unlock(" + 0x5ebd1d + ")");

            await().atMost(LIMIT).until(() -> !status(id).equals("RUNNING"));

            assertThat(status(id)).isEqualTo(end);
        } finally {
            database.execute("delete from cdc_raw.positions where topic = '" + name + "'");
        }
    }

    @Test
    void skipsNothingThatIsDeletedWhileItReads() throws Exception {
        String name = topicOf(5);
        deleteRecords(name, 3);
        try (var reader = topics.open(name, 0, 0)) {
            assertThatThrownBy(() -> reader.next(5)).isInstanceOf(IOException.class);
        }
        database.execute("insert into cdc_raw.positions (topic, partition, next_offset, logged_from)" + " values ('"
                + name + "', 0, 5, 3)");
        try (var reader = log.open(name, 0, 0)) {
            assertThatThrownBy(() -> reader.next(5)).isInstanceOf(IOException.class);
        } finally {
            database.execute("delete from cdc_raw.positions where topic = '" + name + "'");
        }
    }

    @Test
    void readsOnlyThePresentLogOfATopicThatWasCreatedAgain() throws Exception {
        String topic = UUID.randomUUID() + ".events";
        String insert =
                "insert into cdc_raw.cdc_events (source_table, operation, event_key, kafka_topic, kafka_partition,"
                        + " kafka_offset, kafka_timestamp, event_timestamp)"
                        + " values ('orders', 'd', '\"key\"', '" + topic + "', 0, %d, current_date, now())";
        database.execute(
                "select cdc_raw.open_day(current_date)",
                insert.formatted(0),
                "insert into cdc_raw.positions (topic, partition, next_offset, logged_from, replaced_after)"
                        + " select '" + topic + "', 0, 2, 0, max(id) from cdc_raw.cdc_events",
                insert.formatted(1));
        try (var reader = log.open(topic, 0, 0)) {
            assertThat(reader.next(2)).extracting(History.Past::offset).containsExactly(1L);
        } finally {
            database.execute("delete from cdc_raw.positions where topic = '" + topic + "'");
        }
    }

    /** A topic with this number of records that are no events. */
    private String topicOf(int records) throws Exception {
        String name = UUID.randomUUID() + ".events";
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
                var topic = new OrderTopic(bootstrapServers)) {
            admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all().get();
            for (int i = 0; i < records; i++) {
                topic.putOn(name, UUID.randomUUID(), "{}");
            }
        }
        return name;
    }

    private void deleteRecords(String topic, long before) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.deleteRecords(Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(before)))
                    .all()
                    .get();
        }
    }

    /** Returns the error of the rebuild. */
    private static @Nullable String assertEndsAs(String status, String source, boolean incomplete) {
        String id = given().contentType(ContentType.JSON)
                .body("{\"source\": \"%s\", \"incomplete\": %b}".formatted(source, incomplete))
                .post("/rebuilds")
                .then()
                .statusCode(202)
                .extract()
                .path("id");
        await().atMost(LIMIT).until(() -> !status(id).equals("RUNNING"));
        assertThat(status(id)).isEqualTo(status);
        return given().get("/rebuilds/" + id).path("error");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"source\": \"log\", \"incomplet\": true} | invalid-request | incomplet",
                "{\"source\": 7}                         | invalid-request | source",
                "{\"source\": {}}                        | invalid-request | source",
                "{\"incomplete\": \"true\"}                | invalid-request | incomplete",
                "{\"incomplete\": 1}                     | invalid-request | incomplete",
                "[]                                     | invalid-request | body",
                "[{}]                                   | invalid-request | body",
                "\"x\"                                    | invalid-request | body",
                "7                                      | invalid-request | body",
                "true                                   | invalid-request | body",
                "{\"source\": \"log\"                      | malformed-json  |",
                "{\"source\": \"log\"} {}                  | invalid-request | body",
                "{\"source\": \"log\", \"source\": \"log\"}  | malformed-json  |",
                "oops                                   | malformed-json  |"
            })
    void refusesAnInvalidBody(String body, String type, @Nullable String field) {
        var refusal = given().contentType(ContentType.JSON)
                .body(body)
                .post("/rebuilds")
                .then()
                .statusCode(400)
                .contentType("application/problem+json")
                .body("type", equalTo("urn:problem-type:afterimage:" + type));
        if (field != null) {
            refusal.body("errors.field", contains(field));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"If-Match: \"1\"", "If-None-Match: *"})
    void startsNothingUnderAPreconditionThatDoesNotHold(String header) {
        String[] condition = header.split(": ", 2);
        given().header(condition[0], condition[1])
                .post("/rebuilds")
                .then()
                .statusCode(412)
                .contentType("application/problem+json")
                .body("type", equalTo("urn:problem-type:afterimage:version-moved"));
    }

    @Test
    void refusesAnUnknownSource() {
        given().contentType(ContentType.JSON)
                .body("{\"source\": \"memory\"}")
                .post("/rebuilds")
                .then()
                .statusCode(400)
                .body("errors.field", contains("source"));
        given().get("/rebuilds/" + UUID.randomUUID()).then().statusCode(404);
        given().get("/rebuilds/none").then().statusCode(400).body("errors.field", contains("id"));
    }

    @Test
    void waitsForAnIndexLongerThanForAnyAnswerAndIsCancelledInIt() {
        withASlowIndex(() -> {
            String id = started("topics");
            // the read timeout of the tests is 14 s
            await().atMost(LIMIT).until(() -> "t"
                    .equals(text("select clock_timestamp() - query_start > interval '15 s'"
                            + " from pg_stat_activity where query like 'CREATE INDEX slow_index%'")));
            assertThat(status(id)).isEqualTo("RUNNING");
            float progress = given().get("/rebuilds/" + id).path("progress");
            assertThat(progress).isStrictlyBetween(0.9f, 1f);

            given().delete("/rebuilds/" + id).then().statusCode(204);

            assertThat(status(id)).isEqualTo("FAILED");
            assertThat((String) given().get("/rebuilds/" + id).path("error")).isEqualTo("It was cancelled.");
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> "t".equals(text("select to_regnamespace('cdc_rebuild') is null")));
        });
        String next = started("topics");
        await().atMost(LIMIT).until(() -> status(next).equals("DONE"));
        given().delete("/rebuilds/" + next).then().statusCode(204);
        assertThat(status(next)).isEqualTo("DONE");
        given().delete("/rebuilds/" + UUID.randomUUID()).then().statusCode(404);
    }

    /** The live model has the index already; a shadow model needs a minute for it. */
    private void withASlowIndex(Runnable test) {
        var order = new OrderEvents();
        try (var topic = new OrderTopic(bootstrapServers)) {
            send(topic, order, 1);
            topic.flush();
        }
        awaitVersions(List.of(order));
        String slow = "create or replace function cdc_raw.slow(id uuid) returns uuid immutable language plpgsql as"
                + " $$ begin perform pg_sleep(%d); return id; end $$";
        database.execute(
                slow.formatted(0),
                "create index slow_index on orders (cdc_raw.slow(id)) where id = '" + order.id + "'",
                slow.formatted(LIMIT.toSeconds()));
        try {
            test.run();
        } finally {
            database.execute("drop function cdc_raw.slow cascade");
        }
    }

    private static String started(String source) {
        var started = given().contentType(ContentType.JSON)
                .body("{\"source\": \"%s\"}".formatted(source))
                .post("/rebuilds")
                .then()
                .statusCode(202)
                .extract();
        String id = started.path("id");
        assertThat(started.header("Location")).isEqualTo("/rebuilds/" + id);
        return id;
    }

    private static String status(String id) {
        return given().get("/rebuilds/" + id).then().statusCode(200).extract().path("status");
    }

    private static int reads(UUID id, AtomicBoolean ended) {
        int refused = 0;
        while (!ended.get()) {
            refused += given().get("/orders/" + id).statusCode() == 200 ? 0 : 1;
            refused += given().get("/orders?limit=5").statusCode() == 200 ? 0 : 1;
        }
        return refused;
    }

    /** Sends up to four versions; the fourth is a delete with its tombstone. */
    private static void send(OrderTopic topic, OrderEvents order, int versions) {
        topic.send(order.id, order.placed());
        for (int version = 2; version <= Math.min(versions, 3); version++) {
            topic.send(order.id, order.changed(version));
        }
        if (versions == 4) {
            topic.send(order.id, order.deleted(4));
            topic.send(order.id, null);
        }
    }

    private void awaitVersions(List<OrderEvents> orders) {
        String theirs = orders.stream().map(order -> "'" + order.id + "'").collect(Collectors.joining(", "));
        await().atMost(LIMIT).untilAsserted(() -> assertThat(database.rows("""
                        select id, version || ' ' || (select count(*) from order_items i where i.order_id = o.id)
                          from orders o where id in (%1$s)
                         union all
                        select id, 'deleted ' || version
                          from deletions where id in (%1$s) and id not in (select id from orders)
                        """.formatted(theirs)))
                .hasSize(orders.size())
                .allMatch(row -> ENDS.contains(row.replaceFirst(".* \\| ", ""))));
    }

    /** The only value; null if there is no row. */
    private @Nullable String text(String sql) {
        return database.rows(sql).stream().findFirst().orElse(null);
    }
}
