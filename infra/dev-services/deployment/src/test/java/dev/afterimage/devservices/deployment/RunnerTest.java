package dev.afterimage.devservices.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.afterimage.devservices.deployment.OutboxDevServicesConfig.Mode;
import dev.afterimage.stack.StackRequest;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Tests the choice of containers and their configuration on a machine without containers. */
class RunnerTest {

    @Test
    void autoIsProcessesWhereTheirProgramsRun() {
        assertThat(Runner.of(Mode.AUTO, "Linux")).isEqualTo(Runner.PROCESSES);
        assertThat(Runner.of(Mode.AUTO, "Mac OS X")).isEqualTo(Runner.PROCESSES);
        assertThat(Runner.of(Mode.AUTO, "Windows 11")).isEqualTo(Runner.CONTAINERS);
    }

    @Test
    void aRequestedModeIsUsedOrRefusedWithASentence() {
        assertThat(Runner.of(Mode.CONTAINER, "Linux")).isEqualTo(Runner.CONTAINERS);
        assertThat(Runner.of(Mode.PROCESS, "Linux")).isEqualTo(Runner.PROCESSES);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Runner.of(Mode.PROCESS, "Windows 11"))
                .withMessage("quarkus.outbox.devservices.mode=process runs on Linux and macOS and not on Windows 11:"
                        + " set it to container.");
    }

    @Test
    void containersNeedARuntimeAndProcessesDoNotLookForOne() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Runner.CONTAINERS.require(() -> false))
                .withMessage("No container runtime is found: start Docker or Podman, or set"
                        + " quarkus.outbox.devservices.mode to process.");
        assertThatCode(() -> Runner.CONTAINERS.require(() -> true)).doesNotThrowAnyException();
        assertThatCode(() -> Runner.PROCESSES.require(() -> {
                    throw new AssertionError("looked");
                }))
                .doesNotThrowAnyException();
    }

    @Test
    void quarkusOwnKafkaStaysAwayFromProcessesAndItsPostgresDecodesLogicallyOtherwise() {
        assertThat(ContainerServices.settings(Runner.PROCESSES))
                .containsEntry("quarkus.kafka.devservices.enabled", "false")
                .containsEntry("quarkus.compose.devservices.enabled", "false");
        assertThat(ContainerServices.settings(Runner.CONTAINERS))
                .containsExactly(Map.entry("quarkus.datasource.devservices.command", "postgres -c wal_level=logical"));
    }

    @Test
    void connectsContainerReachesWhatQuarkusHasStarted() {
        var request = new StackRequest(null, null, false, null, List.of(), false);
        var connect = new ConnectContainer(
                "quay.io/debezium/connect:3.6", 18083, request, new StackRequest.Login("", "quarkus", "quarkus"));
        connect.kafka("PLAINTEXT://localhost:32771");
        assertThat(connect.getNetworkMode()).isEqualTo("host");
        assertThat(connect.getEnvMap())
                .containsEntry("BOOTSTRAP_SERVERS", "localhost:32771")
                .containsEntry("CONNECT_LISTENERS", "http://127.0.0.1:18083")
                .containsEntry("CONNECT_EXACTLY_ONCE_SOURCE_SUPPORT", "enabled");
        assertThat(connect.url()).isEqualTo("http://127.0.0.1:18083");
    }
}
