package dev.afterimage.manifests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.sun.net.httpserver.HttpServer;
import dev.afterimage.stack.StackConfig;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
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
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ComposeTest {

    private static final Path FOLDER = Repository.file("infra/compose");
    private static final JsonNode COMPOSE =
            Repository.yaml(FOLDER.resolve("compose.yaml")).getFirst();
    private static final Path DOCKERFILE = FOLDER.resolve("Dockerfile");
    /** The Dockerfile's stages, each with its instructions. */
    private static final Map<String, String> STAGES = Pattern.compile("(?ms)^FROM \\S+ AS (\\S+)$(.*?)(?=^FROM |\\z)")
            .matcher(Repository.text(DOCKERFILE))
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
        assertThat(image("keys")).isEqualTo(image("postgres"));
        assertThat(image("token")).isEqualTo(image("postgres"));
        assertThat(image("replica")).isEqualTo(image("postgres"));
        assertThat(image("connectors")).isEqualTo(image("connect"));
    }

    @Test
    void pinsEveryImage() {
        assertThat(services().values())
                .extracting(service -> service.path("image").asText())
                .allMatch(image -> image.matches("[a-z0-9./-]+:v?[0-9]+\\.[0-9.]+(Final)?") || image.endsWith(CHOICE));
        assertThat(Repository.text(DOCKERFILE)
                        .lines()
                        .filter(line -> line.startsWith("FROM "))
                        .toList())
                .allMatch(from -> from.matches("FROM [a-z0-9./-]+:[0-9]+\\.[0-9._a-z-]+ AS [a-z-]+"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"order-service", "projection-service"})
    void buildsEachServiceAsTheVariableSays(String service) {
        JsonNode build = service(service).path("build");
        Path context = FOLDER.resolve(build.path("context").asText()).normalize();
        assertThat(context).isEqualTo(Repository.file(service));
        assertThat(context.resolve(build.path("dockerfile").asText()).normalize())
                .isEqualTo(DOCKERFILE);
        assertThat(build.path("target").asText()).isEqualTo(CHOICE);
        assertThat(image(service)).isEqualTo("afterimage/" + service + ":" + CHOICE);
        assertThat(ports(service))
                .containsExactly(portOf(service) + ":" + build.at("/args/PORT").asText());
        assertThat(STAGES.keySet()).containsExactly("jvm", "native", "native-micro");
    }

    @Test
    void everyPortIsThatOfTheLocalPipelineAndOnLoopbackOnly() {
        assertThat(ports("postgres")).containsExactly(defaultPort("POSTGRES") + ":5432");
        assertThat(ports("kafka")).containsExactly(defaultPort("KAFKA") + ":" + defaultPort("KAFKA"));
        assertThat(ports("connect")).containsExactly(defaultPort("CONNECT") + ":8083");
        assertThat(environment("kafka").get("KAFKA_ADVERTISED_LISTENERS"))
                .contains("HOST://127.0.0.1:" + defaultPort("KAFKA"));
        assertThat(services().values().stream().flatMap(service -> texts(service.path("ports"))))
                .allMatch(port -> port.startsWith("127.0.0.1:"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"order-service", "projection-service"})
    void aServiceGetsOnlySettingsThatItKnows(String service) {
        assertThat(Settings.variables(service))
                .containsAll(environment(service).keySet())
                .contains("QUARKUS_HTTP_HOST", "QUARKUS_HTTP_PORT");
        assertThat(environment(service).get("MP_JWT_VERIFY_ISSUER"))
                .isEqualTo(environment("token").get("ISSUER"));
    }

    @Test
    void theBrokerGetsOnlySettingsThatItKnows() {
        assertThat(Settings.broker())
                .containsAll(environment("kafka").keySet().stream()
                        .map(variable -> property(variable.replaceFirst("^KAFKA_", "")))
                        .toList());
    }

    @Test
    void theProjectionFollowsAndAuditsWhatTheConnectorsWrite() {
        Map<String, String> environment = environment("projection-service");
        assertThat(environment.get("FEED_TABLE_TOPICS"))
                .isEqualTo(Repository.setting("projection-service", "%test.feed.table-topics"));
        for (String side : List.of("SOURCE", "REPLICA")) {
            assertThat(environment).containsKey("QUARKUS_DATASOURCE_" + side + "_JDBC_URL");
        }
    }

    @Test
    void connectGetsSettingsThatItKnowsAndTheVariablesOfTheConnectors() {
        Map<String, String> environment = environment("connect");
        List<String> asked = Repository.environmentOfConnectors();
        assertThat(environment).containsKeys(asked.toArray(String[]::new));
        assertThat(asked)
                .allMatch(
                        name -> name.matches(environment.get("CONNECT_CONFIG_PROVIDERS_ENV_PARAM_ALLOWLIST_PATTERN")));
        assertThat(Settings.worker())
                .containsAll(environment.keySet().stream()
                        .filter(variable -> !asked.contains(variable))
                        .filter(variable -> !variable.startsWith("CONNECT_CONFIG_PROVIDERS_ENV_"))
                        .peek(variable -> assertThat(variable)
                                .matches(name -> name.startsWith("CONNECT_") || UNPREFIXED.contains(name)))
                        .map(variable -> property(variable.replaceFirst("^CONNECT_", "")))
                        .toList());
    }

    @Test
    void everyMountedFileExists() {
        Set<String> volumes = Set.copyOf(names(COMPOSE.path("volumes")));
        assertThat(services().values().stream()
                        .flatMap(service -> texts(service.path("volumes")))
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
    void everyServiceInAnAddressExistsAndListensOnThatPort() {
        Set<String> known = services().keySet();
        Pattern address = Pattern.compile("(?:http|postgresql)://([a-z-]+):|\\b(kafka):19092");
        assertThat(services().values().stream()
                        .flatMap(service -> address.matcher(
                                        service.path("environment").toString())
                                .results())
                        .map(found -> found.group(1) == null ? found.group(2) : found.group(1)))
                .isNotEmpty()
                .isSubsetOf(known);
        assertThat(services().values().stream().flatMap(service -> names(service.path("depends_on")).stream()))
                .isSubsetOf(known);
    }

    @Test
    void prometheusScrapesBothServicesWhereTheyListen() {
        assertThat(Repository.yaml(Repository.file("infra/monitoring/prometheus.yaml"))
                        .getFirst()
                        .findValuesAsText("job_name"))
                .allSatisfy(service -> assertThat(Repository.text(Repository.file("infra/monitoring/prometheus.yaml")))
                        .contains("[\"" + service + ":" + portOf(service) + "\"]"))
                .hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"jvm", "native", "native-micro"})
    void anImageRunsAsAnOrdinaryUserAndHasAHealthCheck(String stage) throws Exception {
        String instructions = instructions(stage);
        assertThat(instructions).containsPattern("(?m)^USER [1-9][0-9]+$");
        assertThat(instructions).contains("ENV QUARKUS_HTTP_HOST=0.0.0.0 QUARKUS_HTTP_PORT=$PORT");
        String check = instructions
                .substring(instructions.indexOf("CMD [") + 4)
                .lines()
                .findFirst()
                .orElseThrow();
        List<String> command = texts(Repository.JSON.readTree(check)).toList();
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

    /** GraalVM's executables need glibc 2.34 and libz: UBI 9 has both, and so has Quarkus' small image of it. */
    @ParameterizedTest
    @ValueSource(strings = {"native", "native-micro"})
    void aNativeImageHasTheLibrariesOfTheExecutable(String stage) {
        assertThat(Repository.text(DOCKERFILE))
                .containsPattern(
                        "(?m)^FROM \\S+/ubi(9|1\\d)(/ubi-minimal|-quarkus-micro-image):\\S+ AS " + stage + "$");
        assertThat(Repository.text(Repository.file(".github/workflows/containers.yml")))
                .containsPattern("image: " + stage + ", memory: 256m, build: .*-Dquarkus.native.container-build=true");
    }

    /** Runs the image's health check against a service that answers with this status; with 0, against a closed port. */
    private static boolean healthy(List<String> command, int status) throws IOException, InterruptedException {
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

    private static boolean succeeds(List<String> command, int port) throws IOException, InterruptedException {
        var check = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(Redirect.DISCARD);
        check.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
        Process process = check.start();
        try {
            return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
        } finally {
            process.destroy();
        }
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
        return service(service).path("image").asText();
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
        return defaultPort(service.replaceFirst("-service", "").toUpperCase(Locale.ROOT));
    }

    /** The default port of the part in the local pipeline. */
    private static String defaultPort(String part) {
        return Repository.first(
                Repository.file("infra/cli/src/main/java/dev/afterimage/cli/Ports.java"),
                "AFTERIMAGE_" + part + "_PORT:-([0-9]+)");
    }

    private static String property(String variable) {
        return variable.toLowerCase(Locale.ROOT).replace('_', '.');
    }

    private static Stream<String> texts(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asText);
    }

    private static List<String> names(JsonNode object) {
        return object.properties().stream().map(Map.Entry::getKey).toList();
    }
}
