package dev.afterimage.stack;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectorsTest {

    private static final Pattern SECRET =
            Pattern.compile("(?i)pass(word|wd)?|secret|token|credential|jaas|user(name)?$");
    /** A value that the worker's config provider replaces. */
    private static final Pattern PROVIDED = Pattern.compile("\\$\\{env:[A-Z_]+}");
    /** Hosts and ports, which differ between environments. */
    private static final Pattern PLACE =
            Pattern.compile("localhost|[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+|:[0-9]{2,5}\\b|//\\w");

    @Test
    void noConnectorHoldsASecretOrAPlace() throws IOException {
        List<Path> connectors = connectors();
        assertThat(connectors).extracting(file -> file.getFileName().toString()).contains("source-tables.json");
        for (Path file : connectors) {
            for (Map.Entry<String, JsonNode> setting :
                    new ObjectMapper().readTree(file.toFile()).properties()) {
                String value = setting.getValue().asText();
                if (SECRET.matcher(setting.getKey()).find()) {
                    assertThat(value).as("%s, %s", file, setting.getKey()).matches(PROVIDED);
                }
                assertThat(value).as("%s, %s", file, setting.getKey()).doesNotContainPattern(PLACE);
            }
        }
    }

    @Test
    void theFolderIsFoundFromTheRootThatTheLauncherGives(@TempDir Path repository) throws IOException {
        Files.createDirectories(repository.resolve("connectors"));
        Files.createFile(repository.resolve("connectors/topics.json"));
        System.setProperty("afterimage.root", repository.toString());
        try {
            assertThat(Connectors.folder()).isEqualTo(repository.resolve("connectors"));
        } finally {
            System.clearProperty("afterimage.root");
        }
    }

    private static List<Path> connectors() throws IOException {
        try (Stream<Path> files = Files.walk(Connectors.folder())) {
            return files.filter(file -> file.toString().endsWith(".json"))
                    .filter(ConnectorsTest::isConnector)
                    .toList();
        }
    }

    private static boolean isConnector(Path file) {
        try {
            return new ObjectMapper().readTree(file.toFile()).has("connector.class");
        } catch (IOException e) {
            throw new AssertionError(file.toString(), e);
        }
    }

    @Test
    void theReasonOfAFailureIsWhatItsCausesSay() {
        assertThat(ConnectorStatus.reason("""
                org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask due to unrecoverable exception.
                \tat org.apache.kafka.connect.runtime.WorkerSinkTask.deliverMessages(WorkerSinkTask.java:650)
                Caused by: org.apache.kafka.connect.errors.ConnectException: Failed to flush records for table 'orders'
                \tat io.debezium.connector.jdbc.DefaultRecordWriter.executeWithRetries(DefaultRecordWriter.java:300)
                Caused by: org.hibernate.exception.DataException: error executing work [ERROR: integer out of range]
                Caused by: org.postgresql.util.PSQLException: ERROR: integer out of range
                \t... 19 more
                """))
                .isEqualTo("Failed to flush records for table 'orders': ERROR: integer out of range");
        assertThat(ConnectorStatus.reason("java.lang.IllegalStateException: only this"))
                .isEqualTo("java.lang.IllegalStateException: only this");
        assertThat(ConnectorStatus.reason("x: y\nCaused by: java.lang.NullPointerException\n"))
                .isEqualTo("x: y (java.lang.NullPointerException)");
        assertThat(ConnectorStatus.reason("""
                org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler
                \tat org.apache.kafka.connect.runtime.errors.RetryWithToleranceOperator.execute(RetryWithToleranceOperator.java:179)
                Caused by: java.lang.RuntimeException: io.apicurio.registry.rest.client.models.ProblemDetails
                Caused by: io.apicurio.registry.rest.client.models.ProblemDetails
                \t... 17 more
                """))
                .as("a registry that refuses a schema")
                .isEqualTo("the schema registry refused the request, its log has the reason"
                        + " (connectors/README.md, Avro and compatibility of schemas)");
        assertThat(ConnectorStatus.reason("""
                x: y
                Caused by: a.B: it says why
                Caused by: java.util.concurrent.TimeoutException
                """)).isEqualTo("it says why");
        assertThat(ConnectorStatus.reason("x: starting at PostgresOffsetContext [a=b [c], d=[]], which is gone."))
                .isEqualTo("x: starting at its offset, which is gone.");
    }
}
