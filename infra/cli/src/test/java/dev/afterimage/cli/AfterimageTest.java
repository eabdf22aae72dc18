package dev.afterimage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.stack.StackConfig;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class AfterimageTest {

    private final StringWriter errors = new StringWriter();
    private final StringWriter output = new StringWriter();

    @Test
    void anUnknownArgumentIsNamedWithStatus2() {
        assertThat(run("watch", "order.events", "--sideways")).isEqualTo(2);
        assertThat(errors.toString()).contains("--sideways");
    }

    @Test
    void wrongArgumentsAreOneSentenceAndAHint() {
        assertThat(run("watch")).isEqualTo(2);
        assertThat(errors.toString().lines()).hasSize(2);
        assertThat(run("watch", "order.events", "--from-time", "yesterday")).isEqualTo(2);
        assertThat(errors.toString()).contains("'yesterday' is no time such as");
        assertThat(run("status", "--max-wal", "much")).isEqualTo(2);
        assertThat(errors.toString()).contains("'much' is no size such as");
        assertThat(run("simulate", "--weights", "1:2")).isEqualTo(1);
        assertThat(errors.toString()).contains("'1:2' are no weights such as");
    }

    @Test
    void whereNothingRunsTheStatusIsCriticalAndNamesEachPart() {
        List<Integer> nobody = StackConfig.freePorts(5);
        assertThat(run(
                        "status",
                        "--home",
                        "target/nowhere",
                        "--postgres-port",
                        nobody.get(0).toString(),
                        "--kafka-port",
                        nobody.get(1).toString(),
                        "--connect-port",
                        nobody.get(2).toString(),
                        "--order-port",
                        nobody.get(3).toString(),
                        "--projection-port",
                        nobody.get(4).toString()))
                .isEqualTo(2);
        assertThat(output.toString())
                .contains("Kafka Connect does not answer", "PostgreSQL does not answer", "Kafka does not answer")
                .contains("projection-service does not answer", "order-service does not take orders");
    }

    @Test
    void theShellCanCompleteEveryCommand() {
        assertThat(run("generate-completion")).isZero();
        assertThat(output.toString()).contains("dead-letters", "--from-beginning", "simulate");
    }

    @Test
    void downWithoutAPipelineSaysSo() {
        assertThat(run("down", "--home", "target/nowhere")).isZero();
        assertThat(output.toString()).contains("No pipeline runs");
    }

    @Test
    void watchingWithoutKafkaSaysHowToStartIt() {
        String nobody = StackConfig.freePorts(1).get(0).toString();
        assertThat(run("watch", "order.events", "--kafka-port", nobody)).isEqualTo(1);
        assertThat(errors.toString()).contains("No answer from Kafka at 127.0.0.1:" + nobody, "./mvnw -Pup");
    }

    @Test
    void measuringWithoutServicesSaysHowToStartThem() {
        String nobody = StackConfig.freePorts(1).get(0).toString();
        assertThat(run("measure", "--order-port", nobody)).isEqualTo(1);
        assertThat(errors.toString()).contains("No answer from http://127.0.0.1:" + nobody, "./mvnw -Pup");
    }

    @Test
    void anAuditThatDoesNotTakePlaceIsNoDifference() {
        String nobody = StackConfig.freePorts(1).get(0).toString();
        assertThat(run("audit", "--projection-port", nobody)).isEqualTo(2);
        assertThat(errors.toString()).contains("No answer from http://127.0.0.1:" + nobody, "./mvnw -Pup");
    }

    @Test
    void aPortForTwoPartsIsRefusedBeforeAnythingStarts() {
        assertThat(run("up", "--order-port", "28083", "--connect-port", "28083"))
                .isEqualTo(1);
        assertThat(errors.toString()).contains("Port 28083 is given to two parts");
    }

    @Test
    void anEventBecomesOneLine() {
        assertThat(AppliedEvents.line("""
                        {"topic":"order.events","partition":2,"offset":17,"eventType":"OrderPlaced","key":"0199","version":1,
                         "op":"c","latencyMs":12,"effect":"applied"}""")).matches("OrderPlaced +0199 +v1 +2@17 +12 ms");
        assertThat(AppliedEvents.line("{\"partition\":0,\"offset\":3,\"effect\":\"dead-letter\",\"key\":null}"))
                .contains("no key", "0@3", "dead letter: no reason given");
        assertThat(AppliedEvents.line("{\"count\":40}")).contains("40 events not shown");
    }

    private int run(String... arguments) {
        return Afterimage.commandLine()
                .setOut(new PrintWriter(output))
                .setErr(new PrintWriter(errors))
                .execute(arguments);
    }
}
