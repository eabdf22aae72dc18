package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.cli.terminal.Screen;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Starts a snapshot, which publishes the current state of aggregates, and shows its progress. */
@Command(
        name = "snapshot",
        description = "Publishes the current state of all orders, customers or products again, as operation r.")
public final class SnapshotCommand extends PipelineCommand {

    /** The aggregates that can be published. */
    enum Aggregate {
        order,
        customer,
        product
    }

    @Parameters(paramLabel = "AGGREGATE", description = "${COMPLETION-CANDIDATES}")
    private Aggregate aggregate = Aggregate.order;

    @Option(names = "--json", description = "the final state of the snapshot as JSON")
    private boolean json;

    @Override
    public Integer call() {
        RestService orders = ports.orderService();
        JsonNode started = RestService.expect(202, orders.post("/snapshots", Map.of("aggregate", aggregate.name())));
        try (Screen screen = screen()) {
            String path = "/snapshots/" + started.path("id").asText();
            JsonNode ended = follow(
                    screen,
                    orders,
                    path,
                    "Publishing",
                    state -> state.path("published").asLong(),
                    state -> state.path("total").asLong());
            if (json) {
                screen.json(ended);
            } else {
                screen.out()
                        .printf(
                                "Events published on %s.events: %,d.%n",
                                aggregate, ended.path("published").asLong());
            }
            return 0;
        }
    }
}
