package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.cli.terminal.Screen;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts a rebuild of the read model beside the live one, and shows its progress. */
@Command(
        name = "rebuild",
        description = "Builds a new read model beside the live one, then swaps them; reads and events continue.")
public final class RebuildCommand extends PipelineCommand {

    private static final int PERCENT = 100;

    /** The sources of a rebuild. */
    enum Source {
        topics,
        log
    }

    @Option(
            names = "--source",
            paramLabel = "SOURCE",
            defaultValue = "topics",
            description = "${COMPLETION-CANDIDATES} (${DEFAULT-VALUE})")
    private Source source = Source.topics;

    @Option(
            names = "--incomplete",
            description = "also when the oldest events are gone; needs a snapshot published since")
    private boolean incomplete;

    @Option(names = "--json", description = "the final state of the rebuild as JSON")
    private boolean json;

    @Override
    public Integer call() {
        RestService projection = ports.projectionService();
        JsonNode started = RestService.expect(
                202, projection.post("/rebuilds", Map.of("source", source.name(), "incomplete", incomplete)));
        try (Screen screen = screen()) {
            String path = "/rebuilds/" + started.path("id").asText();
            JsonNode ended = follow(
                    screen,
                    projection,
                    path,
                    "Rebuilding",
                    state -> (long) (PERCENT * state.path("progress").asDouble()),
                    _ -> PERCENT);
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
                        .println(Screen.visible("The rebuild failed and the old read model stays: "
                                + ended.path("error").asText()));
            }
            return done ? 0 : 1;
        }
    }
}
