package dev.afterimage.deploy;

import static dev.afterimage.deploy.Repository.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.stack.ConnectWorker;
import dev.afterimage.stack.ConnectorStatus;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.testing.Database;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.tools.TopicCommand;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the scripts that containers run once, on real servers but without containers. */
class ScriptsIT {

    private static final Path SCRIPTS = Repository.file("infra/deploy/compose");

    @TempDir
    Path home;

    @Test
    void theDatabasesAreThoseOfTheLocalPipeline() throws Exception {
        try (Postgres postgres = Postgres.start(StackConfig.onFreePorts(home))) {
            var server = Database.of(postgres.jdbcUrl("postgres"));
            List<String> local = databases(server);
            server.execute("drop database orders", "drop database projection", "drop database replica");
            assertThat(databases(server)).isEmpty();
            server.execute(Stream.of(text(SCRIPTS.resolve("databases.sql"))
                            .replaceAll("(?m)^--.*$", "")
                            .split(";"))
                    .filter(command -> !command.isBlank())
                    .toArray(String[]::new));
            assertThat(databases(server)).isEqualTo(local).hasSize(3);
        }
    }

    /** Each database with its owner and its rights. */
    private static List<String> databases(Database server) {
        return server.rows("""
                select datname, pg_get_userbyid(datdba),
                       (select string_agg(entry::text, ' ' order by entry::text) from unnest(datacl) as entry)
                from pg_database where datname <> 'postgres' and not datistemplate order by datname
                """);
    }

    @Test
    void everyTopicIsMadeAndEveryConnectorRuns() throws Exception {
        StackConfig config = StackConfig.onFreePorts(home);
        JsonNode topics = Repository.json(Connectors.folder().resolve("topics.json"));
        try (Postgres postgres = Postgres.start(config);
                KafkaBroker kafka = KafkaBroker.start(config);
                ConnectWorker connect = ConnectWorker.start(config);
                Admin admin = kafka.admin()) {
            Database.of(postgres.jdbcUrl("orders"))
                    .as("orders_owner")
                    .migrate(Repository.file("order-service/src/main/resources/db/migration"));

            Path kafkaHome = kafkaHome();
            Map<String, String> environment = Map.of(
                    "CONNECTORS", Connectors.folder().toString(),
                    "CONNECT", "http://" + StackConfig.HOST + ":" + config.connectPort(),
                    "KAFKA", kafka.bootstrapServers(),
                    "KAFKA_HOME", kafkaHome.toString(),
                    "TOPICS",
                            Repository.compose()
                                    .at("/services/connectors/environment/TOPICS")
                                    .asText());
            String said = run(environment, "apply.sh");

            String runs = "Connector order-outbox runs.\nConnector replica-sink runs.\nConnector source-tables runs.\n";
            assertThat(said).endsWith(runs);
            assertThat(connect.connectors().names())
                    .hasSize(3)
                    .allSatisfy(name ->
                            assertThat(connect.connectors().status(name)).get().matches(ConnectorStatus::running));
            assertThat(run(environment, "apply.sh")).endsWith(runs);
            for (String slot : List.of("order_outbox", "source_tables")) {
                await().untilAsserted(() -> assertThat(Database.of(postgres.jdbcUrl("postgres"))
                                .rows("select failover from pg_replication_slots where slot_name = '" + slot + "'"))
                        .as("an operator's PostgreSQL takes the slot %s along to the next primary", slot)
                        .containsExactly("t"));
            }
            for (String name : connect.connectors().names()) {
                connect.connectors().delete(name);
            }

            admin.deleteTopics(Repository.names(topics)).all().get();
            List<String> commands = Files.readAllLines(kafkaHome.resolve("commands"));
            assertThat(commands).hasSize(topics.size());
            for (String command : commands) {
                assertThat(exit(command.split("\t"))).as(command).isZero();
            }
            var made = admin.describeTopics(Repository.names(topics))
                    .allTopicNames()
                    .get();
            for (Map.Entry<String, JsonNode> topic : topics.properties()) {
                assertThat(Objects.requireNonNull(made.get(topic.getKey())).partitions())
                        .hasSize(topic.getValue().path("partitions").asInt());
                var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic.getKey());
                Config settings = Objects.requireNonNull(
                        admin.describeConfigs(List.of(resource)).all().get().get(resource));
                topic.getValue().path("config").properties().forEach(setting -> assertThat(
                                settings.get(setting.getKey()).value())
                        .as(topic.getKey() + " " + setting.getKey())
                        .isEqualTo(setting.getValue().asText()));
            }
        }
    }

    /**
     * Creates a replacement for a Kafka distribution: a script that records the commands, which then run in this JVM,
     * and lists the topics of earlier commands.
     */
    private Path kafkaHome() throws IOException {
        Path kafkaHome = home.resolve("kafka home");
        Path program = Files.createDirectories(kafkaHome.resolve("bin")).resolve("kafka-topics.sh");
        Files.writeString(program, """
                #!/bin/bash
                if [ "${*: -1}" = --list ]; then
                  cut -f 8 "$KAFKA_HOME/commands"
                else
                  (IFS=$'\\t' && echo "$*") >>"$KAFKA_HOME/commands"
                fi
                """);
        Files.createFile(kafkaHome.resolve("commands"));
        assertThat(program.toFile().setExecutable(true)).isTrue();
        return kafkaHome;
    }

    /** The exit status of Kafka's own program with these arguments. */
    private static int exit(String... arguments) {
        AtomicInteger exit = new AtomicInteger(-1);
        Exit.setExitProcedure((status, _) -> exit.set(status));
        try {
            TopicCommand.main(arguments);
        } finally {
            Exit.resetExitProcedure();
        }
        return exit.get();
    }

    @Test
    void aTokenIsOneThatTheServicesAccept() throws Exception {
        Path keys = Files.createDirectory(home.resolve("keys"));
        Map<String, String> environment =
                Map.of("KEYS", home.toString(), "PUBLIC_KEYS", keys.toString(), "ISSUER", "https://issuer.example.com");
        run(environment, "token.sh", "keys");
        byte[] key = Files.readAllBytes(home.resolve("issuer.pem"));
        run(environment, "token.sh", "keys");
        assertThat(home.resolve("issuer.pem")).hasBinaryContent(key);
        assertThat(Files.getPosixFilePermissions(home.resolve("issuer.pem"))).hasSize(2);

        String[] token = run(environment, "token.sh", "orders:read", "orders:write")
                .strip()
                .split("\\.", -1);
        JsonNode claims = Repository.JSON.readTree(Base64.getUrlDecoder().decode(token[1]));
        assertThat(text(claims, "/iss")).isEqualTo("https://issuer.example.com");
        assertThat(claims.path("groups")).isEqualTo(Repository.JSON.readTree("[\"orders:read\",\"orders:write\"]"));
        assertThat(claims.path("aud"))
                .isEqualTo(Repository.JSON.readTree("[\"order-service\",\"projection-service\"]"));
        assertThat(claims.path("exp").asLong()).isGreaterThan(Instant.now().getEpochSecond());

        String pem = Files.readString(keys.resolve("issuer.pub.pem")).replaceAll("-----.*-----|\n", "");
        var signature = Signature.getInstance("SHA256withRSA");
        signature.initVerify(KeyFactory.getInstance("RSA")
                .generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(pem))));
        signature.update((token[0] + "." + token[1]).getBytes(StandardCharsets.US_ASCII));
        assertThat(signature.verify(Base64.getUrlDecoder().decode(token[2]))).isTrue();
    }

    @Test
    void aTokenWithoutARoleIsRefused() throws Exception {
        assertThat(script(Map.of("KEYS", home.toString(), "ISSUER", "any"), "token.sh")
                        .exit())
                .isNotZero();
    }

    private String run(Map<String, String> environment, String... command) throws Exception {
        Script script = script(environment, command);
        assertThat(script.exit()).withFailMessage(script::said).isZero();
        return script.said();
    }

    private Script script(Map<String, String> environment, String... command) throws Exception {
        List<String> words = new ArrayList<>(List.of("bash"));
        words.add(SCRIPTS.resolve(command[0]).toString());
        words.addAll(List.of(command).subList(1, command.length));
        return Script.run(home, environment, words);
    }
}
