package dev.afterimage.shop.idempotency;

import io.quarkus.logging.Log;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import java.time.Clock;
import java.time.Duration;

/** Deletes expired idempotency keys in small transactions. */
@ApplicationScoped
class IdempotencyKeys {

    /** Skips rows that another instance is deleting. */
    private static final String FORGET = """
            delete from idempotency_keys where (caller, key) in (
                select caller, key from idempotency_keys where created_at < :before
                order by created_at limit :batch for update skip locked)
            """;

    private final EntityManager database;
    private final Keeping keeping;
    private final Clock clock;

    IdempotencyKeys(EntityManager database, Keeping keeping, Clock clock) {
        this.database = database;
        this.keeping = keeping;
        this.clock = clock;
    }

    /** The configuration of the expiry. */
    @ConfigMapping(prefix = "orders.idempotency")
    interface Keeping {

        /** How long a key is kept. A request that is repeated later is executed again. */
        @WithDefault("24h")
        Duration keep();

        /** Number of keys deleted in one transaction. */
        @WithDefault("500")
        int batch();
    }

    @Scheduled(
            every = "${orders.idempotency.clean-every:1m}",
            delayed = "${orders.idempotency.clean-every:1m}",
            concurrentExecution = ConcurrentExecution.SKIP)
    void forget() {
        try {
            forgetExpired();
        } catch (RuntimeException e) {
            Log.warnf("idempotency keys are kept longer, trying again later: %s", e.getMessage());
            Log.debug("idempotency keys are kept longer", e);
        }
    }

    private void forgetExpired() {
        var before = clock.instant().minus(keeping.keep());
        int forgotten;
        do {
            forgotten = QuarkusTransaction.requiringNew().call(() -> database.createNativeQuery(FORGET)
                    .setParameter("before", before)
                    .setParameter("batch", keeping.batch())
                    .executeUpdate());
            if (forgotten > 0) {
                Log.debugf("idempotency keys forgotten count=%d", forgotten);
            }
        } while (forgotten == keeping.batch());
    }
}
