package dev.afterimage.shop.outbox;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;

import dev.afterimage.shop.PostgresResource;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.math.BigInteger;
import java.util.Optional;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.junit.jupiter.api.Test;

@QuarkusTest
@WithTestResource(PostgresResource.class)
class ReplicationSlotCheckTest {
    private static final String CHECK = "checks.find { it.name == 'replication slot' }.";

    @Inject
    ReplicationSlot slot;

    @Test
    void isReadyOnlyOnceTheSlotExists() throws Throwable {
        given().get("/q/health/live").then().statusCode(200);
        given().get("/q/health/ready")
                .then()
                .statusCode(503)
                .body(CHECK + "status", equalTo("DOWN"))
                .body(CHECK + "data.state", equalTo("missing"));

        Wal.withSlot(() -> given().get("/q/health/ready")
                .then()
                .statusCode(200)
                .body(CHECK + "status", equalTo("UP"))
                .body(CHECK + "data.active", equalTo(false))
                .body(CHECK + "data.retainedWalBytes", greaterThan(0)));
    }

    @Test
    void isNotReadyOnceTheSlotKeepsTooMuchLog() throws Throwable {
        Wal.withSlot(() -> {
            try (var connection = Wal.superuser();
                    var statement = connection.createStatement()) {
                statement.execute("select pg_logical_emit_message(true, 'filler', repeat('x', 100000))");
            }
            assertThat(check(100_000).getStatus()).isEqualTo(Status.DOWN);
            assertThat(check(100_000_000).getStatus()).isEqualTo(Status.UP);
        });
    }

    private HealthCheckResponse check(long maxRetainedWalBytes) {
        return new ReplicationSlotCheck(slot, new OutboxConfig() {
                    @Override
                    public String slot() {
                        return "order_outbox";
                    }

                    @Override
                    public Optional<String> tableSlot() {
                        return Optional.empty();
                    }

                    @Override
                    public MemorySize maxRetainedWal() {
                        return new MemorySize(BigInteger.valueOf(maxRetainedWalBytes));
                    }
                })
                .call();
    }
}
