package dev.afterimage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.stack.StackConfig;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class AfterimageTest {

    private final StringWriter errors = new StringWriter();

    @Test
    void anUnknownArgumentIsNamedWithStatus2() {
        assertThat(run("watch", "order.events", "--sideways")).isEqualTo(2);
        assertThat(errors.toString()).contains("--sideways");
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
        return Afterimage.commandLine().setErr(new PrintWriter(errors)).execute(arguments);
    }
}
