package dev.afterimage.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SupervisorTest {

    @TempDir
    Path home;

    private final Queue<String> told = new ConcurrentLinkedQueue<>();
    private final Queue<String> reasons = new ConcurrentLinkedQueue<>();
    private final Queue<Duration> pauses = new ConcurrentLinkedQueue<>();

    /** A shell process that is ready as soon as it runs. */
    private class Script extends Server {

        private final String script;

        Script(String script) {
            super("script", StackConfig.onFreePorts(home));
            this.script = script;
        }

        @Override
        protected List<String> prepare() {
            return List.of("sh", "-c", script);
        }

        @Override
        protected Map<String, Integer> ports() {
            return Map.of();
        }

        @Override
        protected boolean answers() {
            return true;
        }
    }

    @Test
    void restartsWhatIsKilledAndSaysSo() {
        try (Script script = new Script("exec sleep 600");
                Supervisor supervisor = new Supervisor(told::add, reasons::add)) {
            script.start();
            supervisor.watch(script);
            Long killed = script.pid();
            script.kill();
            await().until(() -> script.pid() != null && !script.pid().equals(killed));
            await().until(() -> told.size() == 2);
            assertThat(told).element(0).asString().isEqualTo("script died (status 137); restarting it");
            assertThat(told).element(1).asString().startsWith("script is back after");
        }
    }

    @Test
    void theReportOfAJvmThatCrashedIsFound() {
        Script script = new Script("touch hs_err_pid$$.log; exec sleep 600");
        try (script) {
            script.start();
            Path report = home.resolve("hs_err_pid" + script.pid() + ".log");
            await().untilAsserted(() -> assertThat(script.crashReport()).contains(report));
        }
        assertThat(script.crashReport()).isPresent();
        try (Script orderly = new Script("exec sleep 600")) {
            orderly.start();
            assertThat(orderly.crashReport()).isEmpty();
        }
    }

    @Test
    void startsWhatWasReadyAgainHoweverOftenItDies() {
        try (Script script = new Script("sleep 0.1; exit 3");
                Supervisor supervisor = new Supervisor(told::add, reasons::add, pauses::add)) {
            script.start();
            supervisor.watch(script);
            await().atMost(Duration.ofSeconds(30)).until(() -> pauses.size() >= 8);
            assertThat(pauses).extracting(Duration::toSeconds).startsWith(0L, 1L, 2L, 4L, 8L, 16L, 30L, 30L);
            assertThat(told).contains("script died (status 3); restarting it in 4 s");
            assertThat(reasons).isEmpty();
        }
    }

    /** Ends before it is ready while a file exists. */
    private class Unlucky extends Script {

        private final Path unlucky = home.resolve("unlucky");

        Unlucky() {
            super("[ ! -e unlucky ] || { echo out of luck; exit 3; }; exec sleep 600");
            start();
        }

        @Override
        protected boolean answers() {
            return Files.notExists(unlucky);
        }

        void becomeUnlucky() throws IOException {
            Files.createFile(unlucky);
            kill();
        }
    }

    @Test
    void givesUpOnWhatEndsAgainAndAgainBeforeItIsReadyAndShowsItsLastWords() throws Exception {
        try (Unlucky script = new Unlucky();
                Supervisor supervisor = new Supervisor(told::add, reasons::add, pauses::add)) {
            supervisor.watch(script);
            script.becomeUnlucky();
            await().atMost(Duration.ofSeconds(30)).until(() -> !reasons.isEmpty());
            assertThat(reasons).singleElement().asString().contains("script keeps dying", "out of luck");
            assertThat(pauses).extracting(Duration::toSeconds).containsExactly(0L, 1L, 2L, 4L, 8L);
        }
    }

    @Test
    void doesNotGiveUpWhileAnotherPartDoesNotAnswer() throws Exception {
        try (Unlucky script = new Unlucky();
                Script frozen = new Script("exec sleep 600") {
                    @Override
                    protected boolean answers() {
                        return pid() == null || pauses.isEmpty();
                    }
                };
                Supervisor supervisor = new Supervisor(told::add, reasons::add, pauses::add)) {
            frozen.start();
            supervisor.watch(frozen);
            supervisor.watch(script);
            script.becomeUnlucky();
            await().atMost(Duration.ofSeconds(30)).until(() -> pauses.size() >= 8);
            assertThat(reasons).isEmpty();
        }
    }

    @Test
    void aRunThatNeverStartedAPartStillLeavesItsLeftoverToTheNext() {
        Script leftBehind = new Script("exec sleep 600");
        leftBehind.start();
        Long pid = leftBehind.pid();
        new Script("exec sleep 600").close();
        try (Script next = new Script("exec sleep 600")) {
            next.start();
            assertThat(leftBehind.pid()).isNull();
            assertThat(next.pid()).isNotEqualTo(pid);
        } finally {
            leftBehind.close();
        }
    }

    @Test
    void whatWasClosedStaysClosed() {
        try (Supervisor supervisor = new Supervisor(told::add, reasons::add)) {
            Script script = new Script("exec sleep 600");
            script.start();
            supervisor.watch(script);
            script.close();
            assertThat(script.pid()).isNull();
            assertThatThrownBy(script::start).isInstanceOf(StackException.class).hasMessageContaining("was closed");
            assertThat(told).isEmpty();
        }
    }
}
