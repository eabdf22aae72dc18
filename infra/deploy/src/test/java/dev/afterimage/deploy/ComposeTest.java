package dev.afterimage.deploy;

import static dev.afterimage.deploy.Repository.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.sun.net.httpserver.HttpServer;
import dev.afterimage.cli.service.Ports;
import dev.afterimage.stack.StackConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.Model.CommandSpec;

class ComposeTest {

    private static final Path FOLDER = Repository.file("infra/deploy/compose");
    private static final JsonNode COMPOSE = Repository.compose();
    private static final CommandSpec PORTS =
            CommandSpec.forAnnotatedObject(Ports.class).interpolateVariables(false);
    private static final Path DOCKERFILE = FOLDER.resolve("Dockerfile");
    /** The Dockerfile's stages, each with its instructions. */
    static final Map<String, String> STAGES = Pattern.compile("(?ms)^FROM \\S+ AS (\\S+)$(.*?)(?=^FROM |\\z)")
            .matcher(text(DOCKERFILE))
            .results()
            .collect(Collectors.toMap(
                    found -> found.group(1), found -> found.group(2), (one, _) -> one, LinkedHashMap::new));

    private static final String CHOICE = "${AFTERIMAGE_IMAGE:-jvm}";
    /** The variables that Debezium's image reads without the prefix CONNECT_, see its docker-entrypoint.sh. */
    private static final Set<String> UNPREFIXED = Set.of(
            "BOOTSTRAP_SERVERS",
            "GROUP_ID",
            "CONFIG_STORAGE_TOPIC",
            "OFFSET_STORAGE_TOPIC",
            "STATUS_STORAGE_TOPIC",
            "KEY_CONVERTER",
            "VALUE_CONVERTER",
            "OFFSET_FLUSH_INTERVAL_MS");
    /** The variables that Debezium's entry point and Kafka's scripts use themselves. */
    private static final Set<String> OF_THE_SCRIPTS = Set.of("HEAP_OPTS", "KAFKA_OPTS");
    /** The paths that each image declares as volumes, from the Dockerfiles of its project. */
    private static final Map<String, Set<String>> VOLUMES = Map.of(
            "postgres", Set.of("/var/lib/postgresql"),
            "apache/kafka", Set.of("/etc/kafka/secrets", "/var/lib/kafka/data", "/mnt/shared/config"),
            "quay.io/debezium/connect", Set.of("/kafka/data", "/kafka/logs", "/kafka/config"),
            "prom/prometheus", Set.of("/prometheus"));

    @TempDir
    Path home;

    @Test
    void obeysTheSchemaOfComposeFiles() {
        Path file = Path.of("target/schemas/package/lib/schema.json");
        assumeTrue(
                Files.exists(file),
                "The compose file was not checked: registry.npmjs.org, which has its schema, did not answer.");
        JsonNode definition = Repository.json(file);
        // "id" is an identifier in the first draft of JSON Schema; the draft that this schema declares does not know it
        definition.findParents("id").forEach(part -> ((ObjectNode) part).remove("id"));
        var schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2019_09)
                .getSchema(definition);
        assertThat(schema.validate(COMPOSE.toString(), InputFormat.JSON)).isEmpty();
    }

    @Test
    void runsTheVersionsOfTheLocalPipeline() {
        assertThat(image("postgres"))
                .isEqualTo("postgres:"
                        + Repository.serverVersion("postgres.version").replaceFirst("\\.0$", ""));
        assertThat(image("kafka")).isEqualTo("apache/kafka:" + Repository.serverVersion("kafka.version"));
        assertThat(image("connect"))
                .isEqualTo("quay.io/debezium/connect:" + Repository.serverVersion("debezium.version"));
        assertThat(List.of(image("keys"), image("token"), image("replica"))).containsOnly(image("postgres"));
        assertThat(image("connectors")).isEqualTo(image("connect"));
    }

    /**
     * The image's sink is newer than the newest on Maven Central, with which SchemaDriftIT tests the promise. Debezium's own
     * JdbcSinkDlqIT shows that the newer one keeps it with this setting, and breaks it with {@code true}.
     */
    @Test
    void theSinkOfTheImageStopsAtARecordThatTheReplicaRefuses() {
        assertThat(text(Repository.json(Repository.file("connectors/replica-sink.json")), "/internal.enable.sces"))
                .isEqualTo("false");
    }

    @Test
    void pinsEveryImage() {
        assertThat(services().values())
                .extracting(service -> text(service, "/image"))
                .allMatch(image -> image.matches("[a-z0-9./-]+:v?[0-9]+\\.[0-9.]+(Final)?") || image.endsWith(CHOICE));
        assertThat(text(DOCKERFILE)
                        .lines()
                        .filter(line -> line.startsWith("FROM "))
                        .toList())
                .allMatch(from -> from.matches("FROM [a-z0-9./-]+:[0-9]+\\.[0-9._a-z-]+ AS [a-z-]+"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"order-service", "projection-service"})
    void buildsEachServiceAsTheVariableSays(String service) {
        JsonNode build = service(service).path("build");
        Path context = FOLDER.resolve(text(build, "/context")).normalize();
        assertThat(context).isEqualTo(Repository.file(service));
        assertThat(context.resolve(text(build, "/dockerfile")).normalize()).isEqualTo(DOCKERFILE);
        assertThat(text(build, "/target")).isEqualTo(CHOICE);
        assertThat(image(service)).isEqualTo("afterimage/" + service + ":" + CHOICE);
        assertThat(ports(service)).containsExactly(portOf(service) + ":" + text(build, "/args/PORT"));
        assertThat(STAGES.keySet()).containsExactly("jvm", "native", "native-micro");
    }

    @Test
    void everyPortIsThatOfTheLocalPipelineAndOnLoopbackOnly() {
        assertThat(ports("postgres")).containsExactly(defaultPort("postgres") + ":5432");
        assertThat(ports("kafka")).containsExactly(defaultPort("kafka") + ":" + defaultPort("kafka"));
        assertThat(ports("connect"))
                .containsExactly(
                        defaultPort("connect") + ":8083",
                        defaultPort("connect-metrics") + ":" + defaultPort("connect-metrics"));
        assertThat(environment("kafka").get("KAFKA_ADVERTISED_LISTENERS"))
                .contains("HOST://127.0.0.1:" + defaultPort("kafka"));
        assertThat(services().values().stream().flatMap(service -> texts(service.path("ports"))))
                .allMatch(port -> port.startsWith("127.0.0.1:"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"order-service", "projection-service"})
    void aServiceGetsOnlySettingsThatItKnows(String service) {
        assertThat(Settings.unknown(service, environment(service).keySet())).isEmpty();
        assertThat(Settings.unknown(service, Set.of("QUARKUS_HTTP_HOST", "QUARKUS_HTTP_PORT")))
                .isEmpty();
        assertThat(environment(service).get("MP_JWT_VERIFY_ISSUER"))
                .isEqualTo(environment("token").get("ISSUER"));
    }

    @Test
    void theBrokerGetsOnlySettingsThatItKnows() {
        assertThat(Settings.broker())
                .containsAll(environment("kafka").keySet().stream()
                        .filter(variable -> !variable.equals("KAFKA_HEAP_OPTS"))
                        .map(variable -> property(variable.replaceFirst("^KAFKA_", "")))
                        .toList());
    }

    @Test
    void theProjectionFollowsAndAuditsWhatTheConnectorsWrite() {
        Map<String, String> environment = environment("projection-service");
        assertThat(environment.get("FEED_TABLE_TOPICS"))
                .isEqualTo(Settings.value("projection-service", "test", "feed.table-topics"));
        for (String side : List.of("SOURCE", "REPLICA")) {
            assertThat(environment).containsKey("QUARKUS_DATASOURCE_" + side + "_JDBC_URL");
        }
    }

    @Test
    void connectGetsSettingsThatItKnowsAndTheVariablesOfTheConnectors() {
        Map<String, String> environment = environment("connect");
        List<String> asked = Repository.environmentOf(
                Stream.concat(Repository.connectors().stream(), Repository.connectors("connectors/recipes").stream())
                        .toList());
        assertThat(asked).contains("ORDERS_DB_HOST", "SCHEMA_REGISTRY_URL");
        assertThat(environment).containsKeys(asked.toArray(String[]::new));
        assertThat(asked)
                .allMatch(
                        name -> name.matches(environment.get("CONNECT_CONFIG_PROVIDERS_ENV_PARAM_ALLOWLIST_PATTERN")));
        assertThat(Settings.worker())
                .containsAll(environment.keySet().stream()
                        .filter(variable -> !asked.contains(variable) && !OF_THE_SCRIPTS.contains(variable))
                        .filter(variable -> !variable.startsWith("CONNECT_CONFIG_PROVIDERS_ENV_"))
                        .peek(variable -> assertThat(variable)
                                .matches(name -> name.startsWith("CONNECT_") || UNPREFIXED.contains(name)))
                        .map(variable -> property(variable.replaceFirst("^CONNECT_", "")))
                        .toList());
    }

    @Test
    void everyMountedFileExists() {
        Set<String> volumes = Set.copyOf(Repository.names(COMPOSE.path("volumes")));
        assertThat(services().values().stream()
                        .flatMap(ComposeTest::mounts)
                        .map(mount -> mount.substring(0, mount.indexOf(':'))))
                .allSatisfy(source -> {
                    if (source.startsWith(".")) {
                        assertThat(FOLDER.resolve(source).normalize()).exists();
                    } else {
                        assertThat(volumes).contains(source);
                    }
                });
    }

    @Test
    void everyContainerIsBoundedAndMayDoLittle() {
        assertThat(services()).allSatisfy((name, service) -> {
            assertThat(text(service, "/mem_limit")).as(name).matches("[0-9]+[mg]|\\$\\{AFTERIMAGE_MEMORY:-[0-9]+m}");
            assertThat(texts(service.path("cap_drop"))).as(name).containsExactly("ALL");
            assertThat(Repository.names(service.at("/logging/options")))
                    .as(name)
                    .contains("max-size", "max-file");
            assertThat(texts(service.path("tmpfs"))).as(name).anyMatch(mount -> mount.startsWith("/tmp:exec"));
            assertThat(text(service, "/stop_grace_period")).as(name).isEqualTo(name.equals("postgres") ? "60s" : "30s");
            assertThat(service.path("read_only").asBoolean()).as(name).isTrue();
        });
    }

    @Test
    void everyJobIsRepeatedAndEveryServerRestarted() {
        Set<String> jobs = services().values().stream()
                .flatMap(service -> service.path("depends_on").properties().stream())
                .filter(dependency ->
                        dependency.getValue().path("condition").asText().equals("service_completed_successfully"))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
        assertThat(jobs).containsExactlyInAnyOrder("keys", "replica", "connectors");
        assertThat(services()).allSatisfy((name, service) -> assertThat(text(service, "/restart"))
                .as(name)
                .isEqualTo(jobs.contains(name) ? "on-failure:10" : name.equals("token") ? "no" : "unless-stopped"));
    }

    @Test
    void aSlowMachineHasTwoMinutesToStart() {
        assertThat(services().values().stream()
                        .filter(service -> service.has("healthcheck"))
                        .map(service -> text(service, "/healthcheck/start_period")))
                .hasSize(3)
                .containsOnly("120s");
        assertThat(STAGES.values()).allMatch(stage -> stage.contains("--start-period=120s "));
    }

    @Test
    void aHeapLeavesHalfOfTheMemoryAndItsEndIsThatOfTheProcess() {
        assertThat(Map.of(
                        "kafka", environment("kafka").getOrDefault("KAFKA_HEAP_OPTS", ""),
                        "connect", environment("connect").getOrDefault("HEAP_OPTS", "")))
                .allSatisfy((name, options) -> {
                    assertThat(options).as(name).isEqualTo("-Xmx512m -XX:+ExitOnOutOfMemoryError");
                    assertThat(text(service(name), "/mem_limit")).isEqualTo("1g");
                });
        assertThat(STAGES.values())
                .allMatch(stage -> stage.contains("\"-XX:+ExitOnOutOfMemoryError\"") && stage.contains("ENTRYPOINT"));
    }

    @Test
    void noImageCreatesAnAnonymousVolume() {
        assertThat(services()).allSatisfy((name, service) -> {
            Set<String> declared = VOLUMES.getOrDefault(text(service, "/image").replaceFirst(":.*", ""), Set.of());
            assertThat(Stream.concat(
                            mounts(service).map(mount -> mount.split(":", -1)[1]),
                            service.path("volumes")
                                    .valueStream()
                                    .filter(mount -> text(mount, "/type").equals("tmpfs"))
                                    .map(mount -> text(mount, "/target"))))
                    .as(name)
                    .containsAll(declared);
        });
    }

    @Test
    void whatMustNotBeForgottenIsInNamedVolumes() {
        assertThat(Repository.names(COMPOSE.path("volumes")))
                .containsExactlyInAnyOrder("postgres", "kafka", "issuer", "keys", "prometheus", "grafana");
        assertThat(mounts(service("postgres"))).contains("postgres:/var/lib/postgresql");
        assertThat(mounts(service("kafka")))
                .contains("kafka:" + environment("kafka").get("KAFKA_LOG_DIRS"));
        assertThat(mounts(service("prometheus"))).contains("prometheus:/prometheus");
        assertThat(mounts(service("grafana"))).contains("grafana:/var/lib/grafana");
        assertThat(environment("registry")).containsEntry("APICURIO_STORAGE_KIND", "kafkasql");
    }

    @Test
    void onlyTheIssuerReadsThePrivateKey() {
        String folder = environment("keys").get("KEYS");
        assertThat(services().entrySet().stream()
                        .filter(service -> mounts(service.getValue()).anyMatch(mount -> mount.contains(":" + folder)))
                        .map(Map.Entry::getKey))
                .containsExactlyInAnyOrder("keys", "token");
        assertThat(environment("token")).containsEntry("KEYS", folder);
        for (String service : List.of("order-service", "projection-service")) {
            assertThat(mounts(service(service))).containsExactly("keys:/keys:ro");
            assertThat(environment(service).get("MP_JWT_VERIFY_PUBLICKEY_LOCATION"))
                    .isEqualTo(environment("keys").get("PUBLIC_KEYS") + "/issuer.pub.pem");
        }
    }

    @Test
    void postgresKeepsMoreForASlotThanOrderServiceAllows() {
        String keeps = texts(service("postgres").path("command"))
                .filter(argument -> argument.startsWith("max_slot_wal_keep_size="))
                .findFirst()
                .orElseThrow();
        String allowed = Settings.value("order-service", "prod", "orders.outbox.max-retained-wal");
        assertThat(keeps).endsWith("GB");
        assertThat(allowed).endsWith("G");
        assertThat(Integer.parseInt(keeps.replaceAll("\\D", "")))
                .isGreaterThan(Integer.parseInt(allowed.replace("G", "")));
    }

    @Test
    void theTopicsAreThoseOfTopicsJson() {
        assertThat(environment("connectors").get("TOPICS"))
                .isEqualTo(Repository.json(Repository.file("connectors/topics.json")).properties().stream()
                        .map(topic -> topic.getKey() + " " + topic.getValue().path("partitions") + " "
                                + setting(topic.getValue().path("config")))
                        .collect(Collectors.joining("\n")));
        assertThat(environment("connectors").get("KAFKA_LOG4J_OPTS")).contains("/kafka/config.orig/");
    }

    /** The topic's only setting: apply.sh reads one. */
    private static String setting(JsonNode config) {
        assertThat(config).hasSize(1);
        String name = Repository.names(config).getFirst();
        return name + "=" + config.path(name).asText();
    }

    @Test
    void connectHasTheConverterAndTheRegistryOfTheAvroRecipe() {
        assertThat(Repository.json(Repository.file("connectors/recipes/avro.json"))
                        .path("value.converter")
                        .asText())
                .startsWith("io.apicurio.registry.");
        assertThat(environment("connect"))
                .containsEntry("SCHEMA_REGISTRY_URL", "http://registry:8080/apis/registry/v3");
        assertThat(texts(service("connect").path("entrypoint")))
                .anyMatch(command -> command.contains("/kafka/external_libs/apicurio"));
    }

    /** Twice, because a container that is restarted may find its links. The folders are those of Debezium's image. */
    @Test
    void connectFindsItsPluginsThoughItsRootIsReadOnly() throws Exception {
        for (String plugin :
                List.of("debezium-connector-mysql", "debezium-connector-postgres", "debezium-connector-jdbc")) {
            someJar("kafka/connect/" + plugin);
        }
        someJar("kafka/external_libs/apicurio");
        Path entryPoint = Files.writeString(home.resolve("docker-entrypoint.sh"), "#!/bin/bash\necho $*\n");
        assertThat(entryPoint.toFile().setExecutable(true)).isTrue();
        List<String> command = texts(service("connect").path("entrypoint"))
                .map(word -> word.replaceAll("(?<= )/", home + "/"))
                .toList();
        for (int start = 0; start < 2; start++) {
            assertThat(Script.run(home, Map.of(), command)).isEqualTo(new Script(0, "start\n"));
        }
        Path plugins = Path.of(home + environment("connect").get("CONNECT_PLUGIN_PATH"));
        assertThat(Settings.pluginJars(plugins))
                .containsExactlyInAnyOrder(
                        plugins + "/debezium-connector-postgres/some.jar",
                        plugins + "/debezium-connector-jdbc/some.jar",
                        plugins + "/apicurio/some.jar");
    }

    private void someJar(String folder) throws IOException {
        Files.createFile(Files.createDirectories(home.resolve(folder)).resolve("some.jar"));
    }

    @Test
    void everyServiceInAnAddressExistsAndListensOnThatPort() {
        Set<String> known = services().keySet();
        Pattern address = Pattern.compile("(?:http|postgresql)://([a-z-]+):|\\b(kafka):19092");
        assertThat(known.stream()
                        .flatMap(service -> environment(service).values().stream())
                        .flatMap(value -> address.matcher(value).results())
                        .map(found -> found.group(1) == null ? found.group(2) : found.group(1)))
                .isNotEmpty()
                .isSubsetOf(known);
        assertThat(services().values().stream()
                        .flatMap(service -> Repository.names(service.path("depends_on")).stream()))
                .isSubsetOf(known);
    }

    @Test
    void connectServesTheMetricsOfTheLocalPipeline() {
        assertThat(environment("connect"))
                .containsEntry(
                        "KAFKA_OPTS",
                        "-javaagent:/jmx-exporter.jar=" + defaultPort("connect-metrics") + ":/connect-metrics.yaml");
        assertThat(mounts(service("connect")))
                .contains(
                        "../../stack/distribution/target/distribution/kafka/jmx_prometheus_javaagent-"
                                + Repository.serverVersion("jmx-exporter.version") + ".jar:/jmx-exporter.jar:ro",
                        "../../" + Repository.METRICS.replace("infra/", "") + ":/connect-metrics.yaml:ro");
    }

    @Test
    void prometheusScrapesConnectAndBothServicesWhereTheyListen() {
        assertThat(Repository.yaml(Repository.file("infra/deploy/monitoring/prometheus.yaml"))
                        .getFirst()
                        .path("scrape_configs"))
                .hasSize(3)
                .allSatisfy(job -> assertThat(texts(job.at("/static_configs/0/targets")))
                        .containsExactly(text(job, "/job_name") + ":"
                                + (text(job, "/job_name").equals("connect")
                                        ? defaultPort("connect-metrics")
                                        : portOf(text(job, "/job_name")))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"jvm", "native", "native-micro"})
    @Timeout(30)
    void anImageRunsAsAnOrdinaryUserAndHasAHealthCheck(String stage) throws Exception {
        String instructions = instructions(stage);
        assertThat(instructions).containsPattern("(?m)^USER [1-9][0-9]+$");
        assertThat(instructions).contains("ENV QUARKUS_HTTP_HOST=0.0.0.0 QUARKUS_HTTP_PORT=$PORT");
        List<String> command = command(instructions, "CMD ");
        assertThat(healthy(command, 200)).isTrue();
        assertThat(healthy(command, 503)).isFalse();
        assertThat(healthy(command, 0)).isFalse();
    }

    @Test
    void theJvmImageCopiesFilesThatTheBuildCreates() {
        assertThat(instructions("jvm").lines().filter(line -> line.startsWith("COPY ")))
                .allSatisfy(line -> assertThat(Repository.file("order-service").resolve(line.split(" ", -1)[1]))
                        .exists());
    }

    @Test
    void theAotCacheIsMadeWithoutADatabaseInLimitedTimeAndItsLogIsKept() throws Exception {
        Files.writeString(home.resolve("timeout"), """
                #!/bin/bash
                echo "$QUARKUS_DATASOURCE_JDBC_URL $1 $2"
                [ -e "$CACHE" ] || touch "$CACHE"
                """);
        assertThat(home.resolve("timeout").toFile().setExecutable(true)).isTrue();
        List<String> command = command(instructions("jvm"), "RUN ").stream()
                .map(word -> word.replace("/app/", home + "/"))
                .toList();
        Path cache = home.resolve("service.aot");
        var environment = Map.of("PATH", home + ":" + System.getenv("PATH"), "CACHE", cache.toString());

        Script empty = Script.run(home, environment, command);
        assertThat(empty.exit()).isNotZero();
        String log = "jdbc:postgresql://127.0.0.1:1/none 300 java\n";
        assertThat(empty.said()).isEqualTo(log);

        Files.writeString(cache, "classes");
        assertThat(Script.run(home, environment, command)).isEqualTo(new Script(0, ""));
        assertThat(home.resolve("aot.log")).hasContent(log.strip());
    }

    /** GraalVM's executables need glibc 2.34 and libz: UBI 9 has both, and so has Quarkus' small image of it. */
    @ParameterizedTest
    @ValueSource(strings = {"native", "native-micro"})
    void aNativeImageHasTheLibrariesOfTheExecutable(String stage) {
        assertThat(text(DOCKERFILE))
                .containsPattern(
                        "(?m)^FROM \\S+/ubi(9|1\\d)(/ubi-minimal|-quarkus-micro-image):\\S+ AS " + stage + "$");
    }

    /** Runs the image's health check against a service that answers with this status; with 0, against a closed port. */
    private boolean healthy(List<String> command, int status) throws Exception {
        if (status == 0) {
            return succeeds(command, StackConfig.freePorts(1).getFirst());
        }
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            boolean asked = exchange.getRequestURI().getPath().equals("/q/health/live");
            exchange.sendResponseHeaders(asked ? status : 404, -1);
            exchange.close();
        });
        server.start();
        try {
            return succeeds(command, server.getAddress().getPort());
        } finally {
            server.stop(0);
        }
    }

    private boolean succeeds(List<String> command, int port) throws Exception {
        return Script.run(home, Map.of("QUARKUS_HTTP_PORT", Integer.toString(port)), command)
                        .exit()
                == 0;
    }

    /** The words of the first such instruction in the form of a JSON array. */
    private static List<String> command(String instructions, String instruction) throws JsonProcessingException {
        int begin = instructions.indexOf(instruction + "[") + instruction.length();
        return texts(Repository.JSON.readTree(instructions.substring(begin, instructions.indexOf('\n', begin))))
                .toList();
    }

    private static String instructions(String stage) {
        return Objects.requireNonNull(STAGES.get(stage));
    }

    private static Map<String, JsonNode> services() {
        return COMPOSE.path("services").properties().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    private static JsonNode service(String name) {
        return COMPOSE.path("services").path(name);
    }

    private static String image(String service) {
        return text(service(service), "/image");
    }

    private static Map<String, String> environment(String service) {
        return service(service).path("environment").properties().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().asText()));
    }

    private static List<String> ports(String service) {
        return texts(service(service).path("ports"))
                .map(port -> port.replaceFirst("^127\\.0\\.0\\.1:", ""))
                .toList();
    }

    private static String portOf(String service) {
        return defaultPort(service.replaceFirst("-service", ""));
    }

    /** The default port of the part in the local pipeline. */
    private static String defaultPort(String part) {
        String value = PORTS.findOption("--" + part + "-port").defaultValue();
        return value.substring(value.indexOf(":-") + 2, value.indexOf('}'));
    }

    /** The mounts in the short form, which are all but tmpfs. */
    private static Stream<String> mounts(JsonNode service) {
        return texts(service.path("volumes")).filter(mount -> !mount.isEmpty());
    }

    private static String property(String variable) {
        return variable.toLowerCase(Locale.ROOT).replace('_', '.');
    }

    private static Stream<String> texts(JsonNode array) {
        return array.valueStream().map(JsonNode::asText);
    }
}
