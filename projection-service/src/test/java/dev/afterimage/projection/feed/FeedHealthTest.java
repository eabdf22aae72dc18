package dev.afterimage.projection.feed;

import static io.restassured.RestAssured.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;

import dev.afterimage.projection.Alone;
import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** The last test ends the feed, so that by its name this class is the last of its profile. */
@QuarkusTest
@TestProfile(Alone.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FeedHealthTest {

    private static final Duration SOON = Duration.ofSeconds(30);

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    @Inject
    DataSource dataSource;

    @Test
    @Order(1)
    void turnsDownWhileTheFeedHangsAndUpWhenItHasCaughtUp() throws SQLException {
        await().atMost(SOON).until(() -> status("ready") == 200 && status("well") == 200);
        var order = new OrderEvents();
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var topic = new OrderTopic(bootstrapServers)) {
            connection.setAutoCommit(false);
            statement.execute("lock table cdc_raw.positions");
            topic.put(order.id, order.placed());

            await().atMost(SOON).until(() -> status("well") == 503 && status("ready") == 503);
            get("/q/health/well")
                    .then()
                    .body("checks.find { it.name == 'feed lag' }.data.oldestUnappliedMs", greaterThan(2000));
            assertThat(status("live")).isEqualTo(200);
            assertThat(lagSeconds()).isGreaterThan(2);
            connection.rollback();
        }

        await().atMost(SOON).until(() -> status("ready") == 200 && status("well") == 200);
        assertThat(lagSeconds()).isZero();
    }

    @Test
    @Order(2)
    void isDeadOnceTheThreadOfTheFeedHasEnded() {
        assertThat(status("live")).isEqualTo(200);

        Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("feed"))
                .forEach(Thread::interrupt);

        await().atMost(SOON).until(() -> status("live") == 503);
        get("/q/health/ready")
                .then()
                .statusCode(503)
                .body("checks.find { it.name == 'feed' }.data.state", equalTo("has stopped"));
    }

    private static int status(String check) {
        return get("/q/health/" + check).statusCode();
    }

    private static double lagSeconds() {
        return get("/q/metrics")
                .asString()
                .lines()
                .filter(line -> line.startsWith("feed_lag_age_seconds"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("^.* ", "")))
                .findFirst()
                .orElseThrow();
    }
}
