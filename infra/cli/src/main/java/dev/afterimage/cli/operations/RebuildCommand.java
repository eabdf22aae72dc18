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
import picocli.CommandLine.Spec;

/** Has the read model built anew beside the live one, and shows how far that is. */
@Command(
        name = "rebuild",
        description =
                "Builds the read model anew beside the live one and puts it in its place; reads and events go on.",
        mixinStandardHelpOptions = true)
public final class RebuildCommand implements Callable<Integer> {

    /** What there is to rebuild from. */
    enum Source {
        topics,
        log
    }

    @Option(names = "--source", defaultValue = "topics", description = "${COMPLETION-CANDIDATES} (${DEFAULT-VALUE})")
    private Source source = Source.topics;

    @Option(
            names = "--incomplete",
            description = "although the beginning is gone, because a snapshot was published since")
    private boolean incomplete;

    @Option(names = "--json", description = "the rebuild as the service tells it at the end")
    private boolean json;

    @Mixin
    private Ports ports = new Ports();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        RestService projection = new RestService(ports.projection());
        JsonNode started = RestService.expect(
                202, projection.post("/rebuilds", Map.of("source", source.name(), "incomplete", incomplete)));
        try (Screen screen = Screen.of(spec)) {
            JsonNode ended = LongRun.follow(
                    screen, projection, "/rebuilds/" + started.path("id").asText(), "Rebuilding, per mille", state ->
                            new long[] {(long) (1_000 * state.path("progress").asDouble()), 1_000});
            boolean done = ended.path("status").asText().equals("DONE");
            if (json) {
                screen.json(ended);
            } else if (done) {
                screen.out()
                        .printf(
                                "Rebuilt from %,d events; it is live.%n",
                                ended.path("events").asLong());
            } else {
                screen.err()
                        .println("The rebuild failed and the old read model stays: "
                                + ended.path("error").asText());
            }
            return done ? 0 : 1;
        }
    }
}
