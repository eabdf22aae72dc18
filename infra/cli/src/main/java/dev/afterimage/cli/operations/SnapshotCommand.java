package dev.afterimage.cli.operations;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.Ports;
import dev.afterimage.cli.RestService;
import dev.afterimage.cli.terminal.Screen;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Has the current state of aggregates published once more, and shows how far that is. */
@Command(
        name = "snapshot",
        description = "Publishes the current state of every such aggregate once more, as operation r.",
        mixinStandardHelpOptions = true)
public final class SnapshotCommand implements Callable<Integer> {

    /** What can be published. */
    enum Aggregate {
        order,
        customer,
        product
    }

    @Parameters(paramLabel = "AGGREGATE", description = "${COMPLETION-CANDIDATES}")
    private Aggregate aggregate = Aggregate.order;

    @Option(names = "--json", description = "the snapshot as the service tells it at the end")
    private boolean json;

    @Mixin
    private Ports ports = new Ports();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        RestService orders = new RestService(ports.orders());
        JsonNode started = RestService.expect(202, orders.post("/snapshots", Map.of("aggregate", aggregate.name())));
        try (Screen screen = Screen.of(spec)) {
            JsonNode ended = LongRun.follow(
                    screen, orders, "/snapshots/" + started.path("id").asText(), "Publishing", state -> new long[] {
                        state.path("published").asLong(), state.path("total").asLong()
                    });
            if (json) {
                screen.json(ended);
            } else {
                screen.out()
                        .printf(
                                "Published %,d of aggregate %s on %s.events.%n",
                                ended.path("published").asLong(), aggregate, aggregate);
            }
            return 0;
        }
    }
}
