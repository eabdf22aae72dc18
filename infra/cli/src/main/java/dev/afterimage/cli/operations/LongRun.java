package dev.afterimage.cli.operations;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.RestService;
import dev.afterimage.cli.terminal.Progress;
import dev.afterimage.cli.terminal.Screen;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Something that a service does for long and tells the progress of. */
final class LongRun {

    private static final Duration PAUSE = Duration.ofMillis(200);

    private LongRun() {}

    /** How far it is: done, of how many. */
    interface Measure {
        long[] of(JsonNode state);
    }

    /** Follows it to its end and returns what it is then. */
    static JsonNode follow(Screen screen, RestService service, String path, String what, Measure measure) {
        JsonNode state = RestService.expect(200, service.get(path));
        try (Progress progress = new Progress(screen, what, measure.of(state)[1])) {
            while (true) {
                progress.at(measure.of(state)[0], "");
                if (!state.path("status").asText().equals("RUNNING")) {
                    return state;
                }
                LockSupport.parkNanos(PAUSE.toNanos());
                state = RestService.expect(200, service.get(path));
            }
        }
    }
}
