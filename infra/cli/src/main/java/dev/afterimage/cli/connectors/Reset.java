package dev.afterimage.cli.connectors;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.Ports;
import dev.afterimage.cli.RestService;
import dev.afterimage.cli.RestService.Answer;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lets source connectors begin anew after their slot or what it kept is gone. */
@Command(
        name = "reset",
        description = {
            "Lets source connectors begin anew: stops each, drops its replication slot, forgets its offsets, and waits until"
                    + " it reads from a new slot, after a snapshot where it takes one.",
            "What changed before and was not read yet is skipped. The repository's README says how to make up for it."
        },
        mixinStandardHelpOptions = true)
final class Reset implements Runnable {

    private static final Duration PAUSE = Duration.ofMillis(200);
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Parameters(arity = "1..*", paramLabel = "NAME")
    private List<String> names = List.of();

    @Mixin
    private Ports ports = new Ports();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        RestService connect = new RestService(ports.connect());
        try (Screen screen = Screen.of(spec)) {
            for (String name : names) {
                String slot = RestService.expect(200, connect.get("/connectors/" + name + "/config"))
                        .path("slot.name")
                        .asText();
                if (slot.isEmpty()) {
                    throw new StackException("Connector " + name + " reads from no replication slot.");
                }
                Instant began = beginAnew(connect, "/connectors/" + name, slot);
                screen.out().printf("Connector %s reads from a new slot %s, begun at %s.%n", name, slot, began);
            }
        }
    }

    /** Returns when it stood still, by PostgreSQL's clock. */
    private Instant beginAnew(RestService connect, String connector, String slot) {
        settled(() -> connect.put(connector + "/stop", Map.of()));
        await("The connector does not stop", () -> RestService.expect(200, connect.get(connector + "/status"))
                .at("/connector/state")
                .asText()
                .equals("STOPPED"));
        Postgres postgres = ports.postgres();
        // the walsender lives on for a moment
        await("Somebody reads slot " + slot, () -> !postgres.replicates(slot));
        Instant began = drop(postgres, slot);
        settled(() -> connect.delete(connector + "/offsets"));
        settled(() -> connect.put(connector + "/resume", Map.of()));
        // a snapshot takes what it takes
        while (!postgres.replicates(slot)) {
            for (JsonNode task :
                    RestService.expect(200, connect.get(connector + "/status")).path("tasks")) {
                if (task.path("state").asText().equals("FAILED")) {
                    throw new StackException(connector + " failed: "
                            + task.path("trace").asText().lines().findFirst().orElse(""));
                }
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
        return began;
    }

    private static Instant drop(Postgres postgres, String slot) {
        try (Connection connection = postgres.connect("orders");
                PreparedStatement statement = connection.prepareStatement("""
                        select clock_timestamp(), (select pg_drop_replication_slot(slot_name)
                                                     from pg_replication_slots where slot_name = ?)""")) {
            statement.setString(1, slot);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getObject(1, OffsetDateTime.class).toInstant();
            }
        } catch (SQLException e) {
            throw new StackException("Slot " + slot + " cannot be dropped: " + e.getMessage(), e);
        }
    }

    /** A worker whose group rebalances, or whose tasks are still ending, says no until it is done. */
    private static void settled(Supplier<Answer> request) {
        Instant deadline = Instant.now().plus(LIMIT);
        Answer answer = request.get();
        while (answer.status() >= 400 && Instant.now().isBefore(deadline)) {
            LockSupport.parkNanos(PAUSE.toNanos());
            answer = request.get();
        }
        if (answer.status() >= 400) {
            throw new StackException("Connect answers " + answer.status() + ": " + answer.reason());
        }
    }

    private static void await(String otherwise, BooleanSupplier condition) {
        Instant deadline = Instant.now().plus(LIMIT);
        while (!condition.getAsBoolean()) {
            if (Instant.now().isAfter(deadline)) {
                throw new StackException(otherwise + " after " + LIMIT.toSeconds() + " s.");
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }
}
