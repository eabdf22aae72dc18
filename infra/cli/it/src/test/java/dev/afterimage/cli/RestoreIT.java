package dev.afterimage.cli;

import static dev.afterimage.cli.TestPipeline.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.afterimage.cli.service.RestService;
import dev.afterimage.testing.Database;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What infra/deploy/kubernetes/README.md says of a restored PostgreSQL, with a base backup of the local one. */
@ExtendWith(TestPipeline.Shared.class)
@Order(Integer.MAX_VALUE) // leaves a gap in the history, and other tests need a whole one
class RestoreIT {

    private static final String SLOTS = "select count(*) from pg_replication_slots";
    private static final String APPLIED = "select sum(next_offset) from cdc_raw.positions";

    private final TestPipeline pipeline;
    private final RestService orders;
    private final RestService projection;
    private final Database source;
    private final Path data;

    RestoreIT(TestPipeline pipeline) {
        this.pipeline = pipeline;
        this.orders = pipeline.orders();
        this.projection = pipeline.projection();
        this.source = pipeline.database("orders");
        this.data = pipeline.stack().home().resolve("postgres");
    }

    @Test
    void afterARestoreTheStepsMakeBothCopiesEqualToTheSource() throws Exception {
        // Given a backup, and events on the topics of changes that it does not have
        String paid = pipeline.placed();
        String deleted = pipeline.placed();
        pipeline.awaitReadModelEqualToSource();
        pipeline.awaitReplicaEqualToSource();
        Path backup = backUp();
        String placed = pipeline.placed();
        changeStatus(paid, "PAID");
        assertThat(orders.delete("/orders/" + deleted).status()).isEqualTo(204);
        pipeline.awaitReadModelEqualToSource();
        pipeline.awaitReplicaEqualToSource();
        long applied = pipeline.database("projection").number(APPLIED);

        // When it is restored
        restore(backup);

        // Then the slots are gone, and the read model follows the topics again, which the source knows nothing of
        await().atMost(LIMIT)
                .ignoreExceptionsMatching(AssertionError.class::isInstance)
                .until(() -> source.number(SLOTS) == 0);
        await().atMost(LIMIT).until(() -> pipeline.database("projection").number(APPLIED) >= applied);
        await().atMost(LIMIT)
                .until(() -> orders.get("/orders/" + placed).status() == 404
                        && projection.get("/orders/" + placed).status() == 200);
        assertThat(projection.get("/orders/" + deleted).status()).isEqualTo(404);

        // and after the steps all are equal, also when a version is used once more
        RepairSteps.run(pipeline);
        assertThat(projection.get("/orders/" + placed).status()).isEqualTo(404);
        changeStatus(paid, "CANCELLED");
        pipeline.awaitReadModelEqualToSource();
        pipeline.awaitReplicaEqualToSource();
        assertThat(RestService.expect(200, projection.get("/orders/" + paid))
                        .path("status")
                        .asText())
                .isEqualTo("CANCELLED");
        assertThat(projection.get("/orders/" + deleted).status()).isEqualTo(200);
    }

    private void changeStatus(String order, String status) {
        RestService.expect(200, orders.put("/orders/" + order + "/status", Map.of("status", status)));
    }

    /** A base backup, which has the log but no slots, as pg_basebackup and Barman make it. */
    private Path backUp() throws Exception {
        Path backup = data.resolveSibling("postgres.backup");
        try (var connection = pipeline.database("postgres").connect();
                var statement = connection.createStatement()) {
            statement.execute("select pg_backup_start('restore', true)");
            copy(data, backup);
            try (var label = statement.executeQuery("select labelfile from pg_backup_stop()")) {
                assertThat(label.next()).isTrue();
                Files.writeString(backup.resolve("backup_label"), label.getString(1));
            }
        }
        copy(data.resolve("pg_wal"), backup.resolve("pg_wal"));
        for (String left : new String[] {"postmaster.pid", "pg_replslot/order_outbox", "pg_replslot/source_tables"}) {
            run("rm", "-r", backup.resolve(left).toString());
        }
        Files.createFile(backup.resolve("recovery.signal"));
        Files.writeString(
                backup.resolve("postgresql.auto.conf"),
                "restore_command = 'false'\nhot_standby = off\n",
                StandardOpenOption.APPEND);
        return backup;
    }

    private void restore(Path backup) throws IOException {
        Files.move(data, data.resolveSibling("postgres.lost"));
        Files.move(backup, data);
        pipeline.postgres().kill();
    }

    private static void copy(Path folder, Path copy) throws Exception {
        run("cp", "-a", "-T", folder.toString(), copy.toString());
    }

    private static void run(String... command) throws Exception {
        assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    }
}
