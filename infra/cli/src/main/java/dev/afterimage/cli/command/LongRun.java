package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.cli.terminal.Progress;
import dev.afterimage.cli.terminal.Screen;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Follows a long operation of a service that reports its progress. */
final class LongRun {

    private static final Duration PAUSE = Duration.ofMillis(200);

    private LongRun() {}

    /** The progress of a state: done and total. */
    interface Measure {
        long[] of(JsonNode state);
    }

    /** Follows the operation to its end and returns its final state. */
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
