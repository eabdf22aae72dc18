package dev.afterimage.shop.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertAll;

import dev.afterimage.shop.PostgresResource;
import dev.afterimage.shop.Shop;
import dev.afterimage.stack.Postgres;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** With a PostgreSQL of its own, which it kills. */
@QuarkusTest
@TestProfile(OutageTest.OwnPostgres.class)
class OutageTest {

    public static class OwnPostgres implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("quarkus.devservices.enabled", "false");
        }

        @Override
        public List<TestResourceEntry> testResources() {
            return List.of(new TestResourceEntry(PostgresResource.class));
        }
    }

    /** Injected by {@link PostgresResource}. */
    @SuppressWarnings("NullAway.Init")
    Postgres postgres;

    @Test
    void saysOfEveryOperationThatTheDatabaseIsAwayAndGoesOnWhenItIsBack() {
        var documented = new Documented();
        // readers first: pgjdbc asserts that nobody writes a batch to a broken connection, and tests run with
        // assertions
        var outages = documented.answers().stream()
                .filter(answer -> answer.cause().equals("database-away"))
                .map(answer -> Map.entry(
                        answer,
                        Objects.requireNonNull(Calls.GOOD.get(answer.operationId()))
                                .get()))
                .sorted(Comparator.comparing(
                        outage -> !outage.getValue().method().equals("GET")))
                .toList();
        assertThat(outages).hasSameSizeAs(Calls.GOOD.keySet());

        postgres.kill();
        try {
            assertAll(outages.stream()
                    .map(outage -> () ->
                            documented.check(outage.getKey(), outage.getValue().send())));
        } finally {
            postgres.start();
        }

        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> Shop.get("/orders").statusCode(200));
    }
}
