package dev.afterimage.deploy;

import static dev.afterimage.deploy.Repository.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.zjsonpatch.JsonPatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KubernetesTest {

    private static final Path FOLDER = Repository.file("infra/deploy/kubernetes");
    private static final List<Manifest> BASE = base();
    private static final String CONNECT_CA = "/mnt/postgres/ca.crt";
    private static final String VERIFIED_BY = "sslmode=verify-full&sslrootcert=";
    /** Writes YAML for people: with quotes only where YAML would read another value. */
    private static final YAMLMapper WRITER = YAMLMapper.builder()
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
            .disable(YAMLGenerator.Feature.SPLIT_LINES)
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .build();

    @Test
    void everyManifestMatchesItsModel() {
        assertThat(BASE).isNotEmpty().allSatisfy(manifest -> assertThat(manifest.errors())
                .as(manifest.toString())
                .isEmpty());
    }

    @Test
    void everyFileOfTheBaseIsAResourceOfIt() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER.resolve("base"))) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(Stream.concat(
                                    Stream.of("kustomization.yaml"),
                                    texts(kustomization("base").path("resources")))
                            .toList());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlays/dev", "overlays/prod"})
    void theManifestsOfAnOverlayMatchTheirModels(String folder) throws JsonProcessingException {
        List<Manifest> overlay = overlay(folder);
        assertThat(overlay)
                .allSatisfy(manifest ->
                        assertThat(manifest.errors()).as(manifest.toString()).isEmpty());
        assertThat(overlay).isNotEqualTo(BASE);
        JsonNode kustomization = kustomization(folder);
        List<String> variables = texts(kustomization.at("/configMapGenerator/0/literals"))
                .map(literal -> literal.replaceFirst("=.*", ""))
                .toList();
        assertThat(Settings.unknown("order-service", variables)).isEmpty();
        assertThat(Settings.unknown("projection-service", variables)).isEmpty();
        assertThat(texts(kustomization.path("images"), "/name"))
                .containsExactlyInAnyOrderElementsOf(workloads(BASE)
                        .map(workload -> text(container(workload), "/image"))
                        .toList());
        assertThat(texts(kustomization.path("images"), "/newTag")).allMatch(tag -> tag.matches("[0-9][0-9.]+"));
        assertThat(stream(kustomization.path("images"))
                        .map(image -> text(image, "/newName").replace(text(image, "/name"), "")))
                .containsOnly(connectImage(overlay).replace(connectImage(BASE), ""));
        assertSettings(overlay);
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/dev", "overlays/prod"})
    void postgresKeepsMoreForASlotThanOrderServiceAllowsAndLessThanItsDisk(String folder)
            throws JsonProcessingException {
        List<Manifest> manifests = folder.equals("base") ? BASE : overlay(folder);
        JsonNode postgres = the(manifests, "Cluster", "postgres").at("/spec");
        String allowed = environment(the(manifests, "Deployment", "order-service"))
                .getOrDefault(
                        "ORDERS_OUTBOX_MAX_RETAINED_WAL",
                        Settings.value("order-service", "prod", "orders.outbox.max-retained-wal"));
        assertThat(gigabytes(text(postgres, "/postgresql/parameters/max_slot_wal_keep_size")))
                .isGreaterThan(gigabytes(allowed))
                .isLessThan(gigabytes(text(postgres, "/walStorage/size")));
    }

    private static long gigabytes(String size) {
        return Long.parseLong(size.replaceFirst("(G|GB|Gi)$", ""));
    }

    @Test
    void aConnectorIsItsJson() throws IOException {
        List<JsonNode> connectors = new ArrayList<>();
        for (Path file : Repository.connectors()) {
            ObjectNode config = Repository.json(file).deepCopy();
            if (config.has("database.hostname")) {
                config.put("database.sslmode", "verify-full").put("database.sslrootcert", CONNECT_CA);
            } else {
                config.put("connection.url", text(config, "/connection.url") + "&" + VERIFIED_BY + CONNECT_CA);
            }
            ObjectNode connector = resource("KafkaConnector", Repository.name(file), "connect");
            ObjectNode spec = connector.putObject("spec");
            spec.set("class", config.remove("connector.class"));
            spec.put("tasksMax", config.remove("tasks.max").asInt());
            spec.putObject("autoRestart").put("enabled", true);
            spec.set("config", config);
            connectors.add(connector);
        }
        assertGenerated(
                "connectors.yaml",
                "# connectors/*.json for Strimzi, with TLS. After a change there, KubernetesTest says how to update this.\n",
                connectors);
    }

    @Test
    void aTopicIsAsTopicsJsonSays() throws IOException {
        List<JsonNode> topics = new ArrayList<>();
        Repository.json(Repository.file("connectors/topics.json")).properties().forEach(topic -> {
            String name = topic.getKey().replaceFirst("^_+", "").replace('_', '-');
            ObjectNode resource = resource("KafkaTopic", name, "afterimage");
            ObjectNode spec = resource.putObject("spec");
            spec.put("topicName", topic.getKey());
            spec.set("partitions", topic.getValue().path("partitions"));
            spec.put("replicas", 3);
            spec.set("config", topic.getValue().path("config"));
            topics.add(resource);
        });
        assertGenerated(
                "topics.yaml",
                "# connectors/topics.json for Strimzi. After a change there, KubernetesTest says how to update this.\n",
                topics);
    }

    private static ObjectNode resource(String kind, String name, String cluster) {
        ObjectNode resource = Repository.JSON.createObjectNode();
        resource.put("apiVersion", "kafka.strimzi.io/v1").put("kind", kind);
        ObjectNode metadata = resource.putObject("metadata").put("name", name);
        metadata.putObject("labels").put("strimzi.io/cluster", cluster);
        return resource;
    }

    private static void assertGenerated(String name, String header, List<JsonNode> resources) throws IOException {
        List<String> documents = new ArrayList<>();
        for (JsonNode resource : resources) {
            documents.add(WRITER.writeValueAsString(resource));
        }
        String right = header + String.join("---\n", documents);
        Path written = Path.of("target", name).toAbsolutePath();
        Files.writeString(written, right);
        assertThat(text(FOLDER.resolve("base").resolve(name)))
                .withFailMessage(
                        "infra/deploy/kubernetes/base/%s is not what connectors/ says; cp %s there", name, written)
                .isEqualTo(right);
    }

    @Test
    void connectHasTheDebeziumOfTheLocalPipeline() throws Exception {
        JsonNode build = the(BASE, "KafkaConnect", "connect").at("/spec/build");
        assertThat(connectImage(BASE)).isEqualTo("afterimage/connect:" + Repository.serverVersion("debezium.version"));
        assertThat(stream(build.path("plugins"))).hasSize(2);
        assertPlugin(build.at("/plugins/0/artifacts/0"), "postgres", Repository.serverVersion("debezium.version"));
        assertPlugin(build.at("/plugins/1/artifacts/0"), "jdbc", Repository.serverVersion("debezium.jdbc.version"));
    }

    private static String connectImage(List<Manifest> manifests) {
        return the(manifests, "KafkaConnect", "connect").text("/spec/build/output/image");
    }

    private static void assertPlugin(JsonNode artifact, String connector, String version) throws Exception {
        String path = "io/debezium/debezium-connector-%1$s/%2$s/debezium-connector-%1$s-%2$s-plugin.tar.gz"
                .formatted(connector, version);
        assertThat(text(artifact, "/url")).isEqualTo("https://repo1.maven.org/maven2/" + path);
        byte[] plugin = Files.readAllBytes(Path.of(System.getProperty("maven.repository", ""), path));
        assertThat(text(artifact, "/sha512sum"))
                .isEqualTo(HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-512").digest(plugin)));
    }

    @Test
    void connectGetsSettingsThatItKnowsAndTheVariablesOfTheConnectors() {
        JsonNode spec = the(BASE, "KafkaConnect", "connect").at("/spec");
        assertThat(Settings.worker())
                .containsAll(Repository.names(spec.path("config")).stream()
                        .filter(name -> !name.startsWith("config.providers.env."))
                        .toList());
        List<String> given =
                texts(spec.at("/template/connectContainer/env"), "/name").toList();
        assertThat(given).containsAll(Repository.environmentOf(Repository.connectors()));
        assertThat(given)
                .allMatch(name -> name.matches(text(spec, "/config/config.providers.env.param.allowlist.pattern")));
    }

    @Test
    void theBrokersGetOnlySettingsThatTheyKnow() {
        assertThat(Settings.broker())
                .containsAll(Repository.names(the(BASE, "Kafka", "afterimage").at("/spec/kafka/config")));
    }

    @Test
    void theServicesGetOnlySettingsThatTheyKnow() {
        assertSettings(BASE);
    }

    private static void assertSettings(List<Manifest> manifests) {
        workloads(manifests).forEach(workload -> assertThat(
                        Settings.unknown(workload.name(), environment(workload).keySet()))
                .as(workload.toString())
                .isEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/dev", "overlays/prod"})
    void connectHasMemoryBesideItsHeap(String folder) throws JsonProcessingException {
        JsonNode connect = the(folder.equals("base") ? BASE : overlay(folder), "KafkaConnect", "connect")
                .at("/spec");
        long limit = gigabytes(text(connect, "/resources/limits/memory")) * 1024;
        long heap = Long.parseLong(text(connect, "/jvmOptions/-Xmx").replaceFirst("m$", ""));
        // measured under load: 300 MiB beside the heap
        assertThat(limit - heap).isGreaterThanOrEqualTo(300);
    }

    /** Strimzi mounts /tmp, the only folder that its start script and its JVM write to. */
    @Test
    void connectsContainerMayDoLittle() {
        JsonNode template = the(BASE, "KafkaConnect", "connect").at("/spec/template");
        Manifest service = the(BASE, "Deployment", "order-service");
        assertThat(template.at("/connectContainer/securityContext"))
                .isEqualTo(container(service).path("securityContext"));
        assertThat(template.at("/pod/securityContext")).isEqualTo(pod(service).path("securityContext"));
    }

    @Test
    void theImagesArePulledWithTheSecretThatPushesConnects() {
        JsonNode connect = the(BASE, "KafkaConnect", "connect").at("/spec");
        assertThat(Stream.concat(
                                Stream.of(connect.at("/template/pod")),
                                workloads(BASE).map(KubernetesTest::pod))
                        .map(pod -> text(pod, "/imagePullSecrets/0/name")))
                .containsOnly(text(connect, "/build/output/pushSecret"));
    }

    @Test
    void aPodServesWhileTheEndpointsAreUpdatedAndHasTimeToStop() {
        assertThat(workloads(BASE)).allSatisfy(workload -> {
            int sleep =
                    container(workload).at("/lifecycle/preStop/sleep/seconds").asInt();
            int stop = Integer.parseInt(Settings.value("order-service", "prod", "quarkus.shutdown.timeout")
                    .replaceFirst("S$", ""));
            assertThat(sleep).isPositive();
            assertThat(pod(workload).path("terminationGracePeriodSeconds").asInt())
                    .isGreaterThan(sleep + stop);
        });
    }

    @Test
    void everyConnectionToPostgresVerifiesTheServer() {
        String postgres = the(BASE, "Cluster", "postgres").name();
        workloads(BASE).forEach(workload -> {
            String verified = "?" + VERIFIED_BY + ca(pod(workload), container(workload));
            assertThat(environment(workload).values())
                    .as(workload.toString())
                    .filteredOn(value -> value.startsWith("jdbc:"))
                    .isNotEmpty()
                    .allMatch(url ->
                            url.startsWith("jdbc:postgresql://" + postgres + "-rw:5432/") && url.endsWith(verified));
        });
        Manifest job = the(BASE, "Job", "replica-tables");
        assertThat(environment(job))
                .containsEntry("PGSSLMODE", "verify-full")
                .containsEntry("PGSSLROOTCERT", ca(pod(job), container(job)));
        JsonNode connect = the(BASE, "KafkaConnect", "connect").at("/spec/template");
        assertThat(ca(connect.path("pod"), connect.path("connectContainer"))).isEqualTo(CONNECT_CA);
    }

    /** The file of the CA of PostgreSQL's operator. Its Secret also has the CA's key, which no pod gets. */
    private static String ca(JsonNode pod, JsonNode container) {
        JsonNode volume = only(
                pod.path("volumes"),
                "/secret/secretName",
                the(BASE, "Cluster", "postgres").name() + "-ca");
        assertThat(texts(volume.at("/secret/items"), "/key")).containsExactly("ca.crt");
        JsonNode mount = only(container.path("volumeMounts"), "/name", text(volume, "/name"));
        return text(mount, "/mountPath") + "/" + text(volume, "/secret/items/0/path");
    }

    @Test
    void aKafkaClientGetsKeyAndCertificateFromTheSecretOfItsUser() {
        Map<String, String> environment = environment(the(BASE, "StatefulSet", "projection-service"));
        environment.keySet().removeIf(name -> !name.startsWith("KAFKA_SSL_KEYSTORE_"));
        assertThat(environment)
                .isEqualTo(Map.of(
                        "KAFKA_SSL_KEYSTORE_TYPE", "PEM",
                        "KAFKA_SSL_KEYSTORE_CERTIFICATE_CHAIN", "user.crt",
                        "KAFKA_SSL_KEYSTORE_KEY", "user.key"));
    }

    @Test
    void aPodReachesOnlyWhatItsSettingsName() {
        Pattern address = Pattern.compile("[a-z]:([0-9]+)\\b");
        workloads(BASE).forEach(workload -> {
            Set<String> needed = address.matcher(
                            String.join(" ", environment(workload).values()))
                    .results()
                    .map(found -> found.group(1))
                    .collect(Collectors.toCollection(() -> new TreeSet<>(Set.of("53", "443", "4317"))));
            JsonNode policy = the(BASE, "NetworkPolicy", workload.name()).at("/spec");
            assertThat(texts(policy.path("policyTypes"))).contains("Egress");
            assertThat(policy.path("egress").findValuesAsText("port").stream().distinct())
                    .as(workload.toString())
                    .containsExactlyInAnyOrderElementsOf(needed);
            assertThat(stream(policy.path("egress"))).as(workload.toString()).allSatisfy(rule -> assertThat(
                            stream(rule.withArray("to")))
                    .isNotEmpty()
                    .allMatch(peer -> !peer.findValues("matchLabels").isEmpty()
                            || !peer.at("/ipBlock/except").isEmpty()));
            assertThat(stream(policy.at("/ingress/0/from")).map(peer -> peer.at("/podSelector/matchLabels")
                            .path("app.kubernetes.io/name")
                            .asText()))
                    .contains("prometheus");
        });
    }

    @Test
    void aLostNodeTakesOnlyOneBroker() {
        JsonNode rule = the(BASE, "KafkaNodePool", "node")
                .at("/spec/template/pod/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/0");
        assertThat(text(rule, "/topologyKey")).isEqualTo("kubernetes.io/hostname");
        assertThat(rule.at("/labelSelector/matchLabels").path("strimzi.io/name").asText())
                .isEqualTo(the(BASE, "Kafka", "afterimage").name() + "-kafka");
    }

    @Test
    void productionArchivesTheLogAndIsBackedUp() throws JsonProcessingException {
        List<Manifest> prod = overlay("overlays/prod");
        JsonNode plugin = the(prod, "Cluster", "postgres").at("/spec/plugins/0");
        assertThat(plugin.path("isWALArchiver").asBoolean()).isTrue();
        assertThat(the(prod, "ObjectStore", text(plugin, "/parameters/barmanObjectName")))
                .isNotNull();
        JsonNode backup = the(prod, "ScheduledBackup", "postgres").at("/spec");
        assertThat(text(backup, "/method")).isEqualTo("plugin");
        assertThat(backup.at("/pluginConfiguration/name")).isEqualTo(plugin.path("name"));
        assertThat(text(backup, "/cluster/name"))
                .isEqualTo(the(prod, "Cluster", "postgres").name());
    }

    @Test
    void aRestoreReadsTheArchiveOfProductionAndWritesAnother() throws JsonProcessingException {
        List<Manifest> restored = overlay("overlays/restored");
        assertThat(restored)
                .allSatisfy(manifest ->
                        assertThat(manifest.errors()).as(manifest.toString()).isEmpty());
        Manifest lost = the(overlay("overlays/prod"), "Cluster", "postgres");
        JsonNode cluster = the(restored, "Cluster", "postgres").at("/spec");
        JsonNode recovery = cluster.at("/bootstrap/recovery");
        assertThat(Stream.of("database", "owner", "secret").map(recovery::path))
                .containsExactlyElementsOf(Stream.of("database", "owner", "secret")
                        .map(lost.at("/spec/bootstrap/initdb")::path)
                        .toList());
        JsonNode origin = only(cluster.path("externalClusters"), "/name", text(recovery, "/source"));
        JsonNode archiver = cluster.at("/plugins/0");
        assertThat(origin.at("/plugin/name")).isEqualTo(archiver.path("name"));
        assertThat(origin.at("/plugin/parameters/barmanObjectName"))
                .isEqualTo(archiver.at("/parameters/barmanObjectName"));
        // a cluster archives below its own name unless it has another
        assertThat(text(origin, "/plugin/parameters/serverName")).isEqualTo(lost.name());
        assertThat(text(archiver, "/parameters/serverName")).isNotEmpty().isNotEqualTo(lost.name());
    }

    @Test
    void everyCommandOfARunbookNamesWhatThereIs() throws JsonProcessingException {
        Set<String> there = overlay("overlays/prod").stream()
                .map(manifest -> manifest.toString().toLowerCase(Locale.ROOT))
                .collect(Collectors.toCollection(HashSet::new));
        there.add("service postgres-rw"); // CloudNativePG makes it
        List<String> commands = Stream.of("infra/README.md", "infra/deploy/kubernetes/README.md")
                .flatMap(file -> text(Repository.file(file)).lines())
                .filter(line -> line.startsWith("kubectl -n afterimage "))
                .toList();
        assertThat(commands).hasSizeGreaterThan(10).allSatisfy(command -> {
            Matcher names = Pattern.compile(
                            "(deployment|statefulset|service|kafkaconnector|cluster)(?:\\.[a-z.]+)?[ /]([a-z][a-z-]*(?= |$)(?: [a-z][a-z-]*(?= |$))*)")
                    .matcher(command);
            assertThat(names.find()).isTrue();
            assertThat(Stream.of(names.group(2).split(" ")).map(name -> names.group(1) + " " + name))
                    .isSubsetOf(there);
        });
    }

    @Test
    void theRolesAreThoseOfTheLocalPipeline() {
        Set<String> local = Pattern.compile("\\('(\\w+)', '(\\w*)'\\)")
                .matcher(text(Repository.file("infra/stack/src/main/resources/dev/afterimage/stack/roles.sql")))
                .results()
                .map(role -> role.group(1) + " " + role.group(2))
                .collect(Collectors.toSet());
        JsonNode postgres = the(BASE, "Cluster", "postgres").at("/spec");
        Set<String> managed = stream(postgres.at("/managed/roles"))
                .map(role ->
                        text(role, "/name") + " " + (role.path("replication").asBoolean() ? "replication" : ""))
                .collect(Collectors.toSet());
        managed.add(text(postgres, "/bootstrap/initdb/owner") + " ");
        assertThat(managed).isEqualTo(local);

        Set<String> databases =
                of("Database").map(database -> database.text("/spec/name")).collect(Collectors.toSet());
        databases.add(text(postgres, "/bootstrap/initdb/database"));
        assertThat(databases).containsExactlyInAnyOrder("orders", "projection", "replica");
        // the roles that databases.sql lets in, which ScriptsIT compares with the local pipeline
        Set<String> allowed = Pattern.compile(
                        "(?:create database (\\w+) owner|grant connect on database (\\w+) to) ([\\w, ]+);")
                .matcher(text(Repository.file("infra/deploy/compose/databases.sql")))
                .results()
                .flatMap(line -> Stream.of(line.group(3).split(", ?"))
                        .map(role -> (line.group(1) == null ? line.group(2) : line.group(1)) + " " + role))
                .collect(Collectors.toSet());
        assertThat(texts(postgres.at("/postgresql/pg_hba"))
                        .filter(line -> line.startsWith("hostssl "))
                        .map(line -> line.split(" "))
                        .flatMap(line -> Stream.of(line[2].split(",")).map(role -> line[1] + " " + role)))
                .containsExactlyInAnyOrderElementsOf(allowed);
        assertThat(text(postgres, "/imageName"))
                .contains(":" + Repository.serverVersion("postgres.version").replaceFirst("\\.0$", "-"));
    }

    @Test
    void everySecretIsCreated() throws JsonProcessingException {
        Set<String> made = new HashSet<>(Set.of("afterimage-cluster-ca-cert", "postgres-ca"));
        Pattern.compile("Secret `(\\w+)`")
                .matcher(text(Repository.file("infra/README.md")))
                .results()
                .forEach(secret -> made.add(secret.group(1)));
        of("KafkaUser").map(Manifest::name).forEach(made::add);
        Pattern.compile("for role in ([^;]+);")
                .matcher(text(FOLDER.resolve("secrets.sh")))
                .results()
                .flatMap(roles -> Stream.of(roles.group(1).split(" ")))
                .map(role -> "postgres-" + role.replace('_', '-'))
                .forEach(made::add);
        Set<String> asked = new TreeSet<>();
        for (Manifest manifest : overlay("overlays/prod")) {
            asked.addAll(manifest.json().findValuesAsText("secretName"));
            asked.addAll(manifest.json().findValuesAsText("pushSecret"));
            Stream.of("secretKeyRef", "secret", "passwordSecret", "accessKeyId", "secretAccessKey")
                    .flatMap(field -> manifest.json().findValues(field).stream())
                    .forEach(reference -> asked.add(text(reference, "/name")));
            Stream.of("secretTargetRef", "imagePullSecrets")
                    .flatMap(field -> manifest.json().findValues(field).stream())
                    .flatMap(references -> texts(references, "/name"))
                    .forEach(asked::add);
        }
        asked.remove("");
        assertThat(made).containsAll(asked);
    }

    @Test
    void theReplicasTablesAreMadeAsItsOwnerSays() throws IOException {
        assertConfigMap("replica-sql", "connectors/replica.sql", "its Job");
        JsonNode pod = the(BASE, "Job", "replica-tables").at("/spec/template/spec");
        assertThat(text(pod, "/volumes/0/configMap/name")).isEqualTo("replica-sql");
        assertThat(text(pod, "/containers/0/image"))
                .isEqualTo(the(BASE, "Cluster", "postgres").text("/spec/imageName"));
        assertThat(texts(pod.at("/containers/0/command")))
                .endsWith(text(pod, "/containers/0/volumeMounts/0/mountPath") + "/replica.sql");
    }

    @Test
    void connectServesTheMetricsOfTheLocalPipeline() throws IOException {
        assertConfigMap("connect-metrics", Repository.METRICS, "Strimzi");
        JsonNode connect = the(BASE, "KafkaConnect", "connect").at("/spec");
        JsonNode rules = connect.at("/metricsConfig/valueFrom/configMapKeyRef");
        assertThat(the(BASE, "ConfigMap", text(rules, "/name")).at("/data").has(text(rules, "/key")))
                .isTrue();
        assertThat(connect.at("/template/pod/metadata/annotations").path("prometheus.io/port"))
                .isEqualTo(Repository.JSON.valueToTree("9404"));
    }

    /** The file as the only value of a ConfigMap. */
    private static void assertConfigMap(String name, String file, String user) throws IOException {
        ObjectNode map = Repository.JSON.createObjectNode();
        map.put("apiVersion", "v1")
                .put("kind", "ConfigMap")
                .putObject("metadata")
                .put("name", name);
        Path path = Repository.file(file);
        map.putObject("data").put(path.getFileName().toString(), text(path));
        assertGenerated(
                name + ".yaml",
                "# %s for %s. After a change there, KubernetesTest says how to update this.\n".formatted(file, user),
                List.of(map));
    }

    @Test
    void everyReferenceHasItsTarget() {
        // a static member of a consumer group keeps its name, so its pod must keep it, too
        assertThat(workloads(BASE).map(Manifest::toString))
                .containsExactlyInAnyOrder("Deployment order-service", "StatefulSet projection-service");
        for (Manifest workload : workloads(BASE).toList()) {
            JsonNode labels = workload.at("/spec/template/metadata/labels");
            JsonNode container = container(workload);
            int port = container.at("/ports/0/containerPort").asInt();
            JsonNode service = the(BASE, "Service", workload.name()).at("/spec");
            JsonNode disruption =
                    the(BASE, "PodDisruptionBudget", workload.name()).at("/spec");
            JsonNode policy = the(BASE, "NetworkPolicy", workload.name()).at("/spec");
            assertThat(List.of(
                            workload.at("/spec/selector/matchLabels"),
                            service.path("selector"),
                            disruption.at("/selector/matchLabels"),
                            policy.at("/podSelector/matchLabels")))
                    .containsOnly(labels);
            assertThat(Stream.of(
                                    service.at("/ports/0/port"),
                                    policy.at("/ingress/0/ports/0/port"),
                                    workload.at("/spec/template/metadata/annotations")
                                            .path("prometheus.io/port"))
                            .map(JsonNode::asInt))
                    .containsOnly(port);
            assertThat(text(disruption, "/unhealthyPodEvictionPolicy")).isEqualTo("AlwaysAllow");
            assertThat(Settings.value(workload.name(), "prod", "quarkus.http.port"))
                    .isEqualTo(Integer.toString(port));
            assertThat(container.at("/securityContext/readOnlyRootFilesystem").asBoolean())
                    .isTrue();
            assertThat(workload.at("/spec/template/spec/securityContext/runAsNonRoot")
                            .asBoolean())
                    .isTrue();
            assertThat(Repository.names(container)).contains("startupProbe", "livenessProbe", "readinessProbe");
        }
        String kafka = the(BASE, "Kafka", "afterimage").name();
        String bootstrap =
                kafka + "-kafka-bootstrap:" + the(BASE, "Kafka", "afterimage").text("/spec/kafka/listeners/0/port");
        assertThat(BASE.stream().map(Manifest::toString)).doesNotHaveDuplicates();
        assertThat(BASE.stream().flatMap(manifest -> Pattern.compile("[a-z-]+-kafka-bootstrap:[0-9]+")
                        .matcher(manifest.json().toString())
                        .results()
                        .map(found -> found.group())))
                .hasSize(2)
                .containsOnly(bootstrap);
        assertThat(BASE.stream().map(manifest -> manifest.at("/metadata/labels")
                        .path("strimzi.io/cluster")
                        .asText("")))
                .containsOnly("", kafka, the(BASE, "KafkaConnect", "connect").name());

        JsonNode scaled = the(BASE, "ScaledObject", "projection-service").at("/spec");
        JsonNode topic = Repository.json(Repository.file("connectors/topics.json"))
                .path(text(scaled, "/triggers/0/metadata/topic"));
        assertThat(Stream.of(
                                scaled,
                                the(BASE, "HorizontalPodAutoscaler", "order-service")
                                        .at("/spec"))
                        .map(scaler ->
                                text(scaler, "/scaleTargetRef/kind") + " " + text(scaler, "/scaleTargetRef/name")))
                .containsExactlyInAnyOrderElementsOf(
                        workloads(BASE).map(Manifest::toString).toList());
        assertThat(the(BASE, "StatefulSet", "projection-service").text("/spec/serviceName"))
                .isEqualTo(the(BASE, "Service", "projection-service").name());
        assertThat(text(scaled, "/triggers/0/metadata/version"))
                .isEqualTo(Repository.serverVersion("kafka.version").replaceFirst("\\..*", ".0.0"));
        assertThat(scaled.path("maxReplicaCount").asInt())
                .isEqualTo(topic.path("partitions").asInt());
        assertThat(of("TriggerAuthentication").map(Manifest::name))
                .contains(text(scaled, "/triggers/0/authenticationRef/name"));
    }

    /** KEDA's operator runs in a namespace of its own and opens the connection itself. */
    @ParameterizedTest
    @ValueSource(strings = {"overlays/dev", "overlays/prod"})
    void kedaFindsKafkaInTheNamespaceOfTheOverlay(String folder) throws JsonProcessingException {
        List<Manifest> manifests = overlay(folder);
        Manifest kafka = the(manifests, "Kafka", "afterimage");
        assertThat(the(manifests, "ScaledObject", "projection-service")
                        .text("/spec/triggers/0/metadata/bootstrapServers"))
                .isEqualTo(
                        "%s-kafka-bootstrap.%s.svc:%s",
                        kafka.name(),
                        text(kustomization(folder), "/namespace"),
                        kafka.text("/spec/kafka/listeners/0/port"));
    }

    @Test
    void everyUserMayUseItsTopics() {
        Set<String> topics = Set.copyOf(Repository.names(Repository.json(Repository.file("connectors/topics.json"))));
        assertThat(of("KafkaUser")).allSatisfy(user -> assertThat(resources(user, "topic"))
                .allMatch(
                        name -> topics.stream().anyMatch(topic -> topic.startsWith(name)) || name.equals("connect.")));
        List<String> aggregates = Settings.feedTopics();
        String tables = Settings.value("projection-service", "test", "feed.table-topics");
        assertThat(environment(the(BASE, "StatefulSet", "projection-service")))
                .containsEntry("FEED_TABLE_TOPICS", tables);
        assertThat(grants("projection-service", "Read"))
                .containsExactlyInAnyOrderElementsOf(Stream.concat(aggregates.stream(), Stream.of(tables.split(",")))
                        .toList());
        assertThat(grants("projection-service", "Write"))
                .containsExactlyInAnyOrderElementsOf(grants("projection-service", "Read").stream()
                        .map(topic -> topic + ".dlq")
                        .toList());
        JsonNode sink = Repository.json(Repository.file("connectors/replica-sink.json"));
        assertThat(grants("connect", "Write"))
                .containsAll(grants("projection-service", "Read"))
                .contains(text(sink, "/errors.deadletterqueue.topic.name"));
        assertThat(grants("connect", "Read")).contains(text(sink, "/topics").split(","));
        assertThat(resources(the(BASE, "KafkaUser", "projection-service"), "group"))
                .contains(Settings.value("projection-service", "prod", "audit.replica.group"));
    }

    /** The topics on which the user may do this. */
    private static List<String> grants(String user, String operation) {
        return rules(the(BASE, "KafkaUser", user), "topic")
                .filter(rule -> texts(rule.path("operations")).anyMatch(operation::equals))
                .map(rule -> text(rule, "/resource/name"))
                .toList();
    }

    private static Stream<String> resources(Manifest user, String type) {
        return rules(user, type).map(rule -> text(rule, "/resource/name"));
    }

    private static Stream<JsonNode> rules(Manifest user, String type) {
        return stream(user.at("/spec/authorization/acls"))
                .filter(rule -> text(rule, "/resource/type").equals(type));
    }

    private static List<Manifest> base() {
        return texts(kustomization("base").path("resources"))
                .flatMap(file -> Repository.yaml(FOLDER.resolve("base").resolve(file)).stream())
                .map(Manifest::new)
                .toList();
    }

    /** The manifests of the base, or of another overlay, with the overlay's patches applied. */
    private static List<Manifest> overlay(String folder) throws JsonProcessingException {
        JsonNode kustomization = kustomization(folder);
        Path below = FOLDER.resolve(folder)
                .resolve(text(kustomization, "/resources/0"))
                .normalize();
        List<Manifest> manifests = new ArrayList<>(
                below.equals(FOLDER.resolve("base"))
                        ? BASE
                        : overlay(FOLDER.relativize(below).toString()));
        texts(kustomization.path("resources"))
                .skip(1)
                .flatMap(file -> Repository.yaml(FOLDER.resolve(folder).resolve(file)).stream())
                .map(Manifest::new)
                .forEach(manifests::add);
        for (JsonNode patch : kustomization.path("patches")) {
            JsonNode operations = Repository.YAML.readTree(text(patch, "/patch"));
            boolean used = false;
            for (int i = 0; i < manifests.size(); i++) {
                Manifest manifest = manifests.get(i);
                if (manifest.kind().matches(text(patch, "/target/kind"))
                        && manifest.name().equals(patch.at("/target/name").asText(manifest.name()))) {
                    manifests.set(i, new Manifest(JsonPatch.apply(operations, manifest.json())));
                    used = true;
                }
            }
            assertThat(used).as(patch.toString()).isTrue();
        }
        return manifests;
    }

    private static JsonNode kustomization(String folder) {
        JsonNode kustomization = Repository.yaml(FOLDER.resolve(folder).resolve("kustomization.yaml"))
                .getFirst();
        assertThat(Manifest.errors(kustomization, "Kustomization")).as(folder).isEmpty();
        return kustomization;
    }

    private static Stream<Manifest> workloads(List<Manifest> manifests) {
        return manifests.stream().filter(manifest -> manifest.kind().matches("Deployment|StatefulSet"));
    }

    private static JsonNode pod(Manifest workload) {
        return workload.at("/spec/template/spec");
    }

    private static JsonNode container(Manifest workload) {
        return pod(workload).at("/containers/0");
    }

    /** The variables of the workload's container, each with its value or the key of its value in a Secret. */
    private static Map<String, String> environment(Manifest workload) {
        return stream(container(workload).path("env"))
                .collect(Collectors.toMap(variable -> text(variable, "/name"), variable -> variable.path("value")
                        .asText(text(variable, "/valueFrom/secretKeyRef/key"))));
    }

    private static Stream<Manifest> of(String kind) {
        return BASE.stream().filter(manifest -> manifest.kind().equals(kind));
    }

    private static Manifest the(List<Manifest> manifests, String kind, String name) {
        return manifests.stream()
                .filter(manifest -> manifest.toString().equals(kind + " " + name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("there is no " + kind + " " + name));
    }

    private static JsonNode only(JsonNode array, String pointer, String text) {
        return stream(array)
                .filter(element -> element.at(pointer).asText().equals(text))
                .findFirst()
                .orElseThrow();
    }

    private static Stream<JsonNode> stream(JsonNode array) {
        return ((ArrayNode) array).valueStream();
    }

    private static Stream<String> texts(JsonNode array) {
        return texts(array, "");
    }

    /** The text at the pointer in each element. */
    private static Stream<String> texts(JsonNode array, String pointer) {
        return stream(array).map(element -> element.at(pointer).asText());
    }
}
