package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.ConnectorStatus;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Restarts source connectors from a new replication slot, after their slot or its log was lost. */
@Command(
        name = "reset",
        description = {
            "Restarts source connectors from a new slot: stops each, drops its slot and its offsets, and waits until"
                    + " it reads from a new slot, after a snapshot if it takes one. A paused or stopped connector is"
                    + " paused or stopped again then.",
            "Earlier changes that were not read are skipped. infra/README.md says how to repair the gap."
        })
public final class ResetCommand implements Callable<Integer> {

    private static final Duration PAUSE = Duration.ofMillis(200);
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Parameters(arity = "1..*", paramLabel = "NAME")
    private List<String> names = List.of();

    @ParentCommand
    private @Nullable ConnectorsCommand parent;

    @Override
    public Integer call() {
        ConnectorsCommand all = Objects.requireNonNull(parent);
        Connectors connectors = all.ports.connectors();
        try (Screen screen = all.screen()) {
            for (String name : names) {
                Map<String, String> slots = Connectors.slots(connectors.configs());
                String slot = slots.get(name);
                if (slot == null) {
                    throw new StackException("There is no connector " + name
                            + " that reads from a replication slot; there are " + String.join(", ", slots.keySet())
                            + ".");
                }
                String state =
                        connectors.status(name).map(ConnectorStatus::state).orElse("");
                Instant began = beginAnew(all.ports.postgres(), connectors, name, slot);
                // only now: the new slot keeps what happens from here on
                switch (state) {
                    case "PAUSED" -> connectors.pause(name);
                    case "STOPPED" -> connectors.stop(name);
                    default -> state = "RUNNING";
                }
                if (all.json()) {
                    screen.json(new ObjectMapper()
                            .createObjectNode()
                            .put("connector", name)
                            .put("slot", slot)
                            .put("begun", began.toString())
                            .put("state", state));
                    continue;
                }
                screen.out().printf("Connector %s reads from a new slot %s, begun at %s.%n", name, slot, began);
                if (!state.equals("RUNNING")) {
                    screen.out()
                            .printf(
                                    "It is %s again: infra/afterimage connectors resume %s%n",
                                    state.toLowerCase(Locale.ROOT), name);
                }
                screen.out()
                        .println("Earlier changes that were not read are lost. The next steps are in infra/README.md,"
                                + " When something breaks.");
            }
        }
        return 0;
    }

    /** Returns the time, by PostgreSQL's clock, at which the connector was stopped. */
    private static Instant beginAnew(Postgres postgres, Connectors connectors, String name, String slot) {
        connectors.stop(name);
        // the walsender still runs for a moment
        if (!Server.await(LIMIT, PAUSE, () -> !postgres.replicates(slot))) {
            throw new StackException("Slot " + slot + " is still being read after " + LIMIT.toSeconds() + " s.");
        }
        Instant began = drop(postgres, slot);
        connectors.forgetOffsets(name);
        connectors.resume(name);
        // no time limit, because a snapshot may take long
        while (!postgres.replicates(slot)) {
            Optional<String> failure = connectors.status(name).flatMap(ConnectorStatus::failure);
            if (failure.isPresent()) {
                throw new StackException("Connector " + name + " failed: " + failure.get());
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
        return began;
    }

    private static Instant drop(Postgres postgres, String slot) {
        try (Connection connection = postgres.connect("orders")) {
            return OffsetDateTime.parse(Postgres.texts(connection, """
                                    select to_json(clock_timestamp()) #>> '{}', (select pg_drop_replication_slot(slot_name)
                                                                 from pg_replication_slots where slot_name = ?)""", slot).getFirst())
                    .toInstant();
        } catch (SQLException e) {
            throw new StackException("Slot " + slot + " cannot be dropped: " + e.getMessage(), e);
        }
    }
}
