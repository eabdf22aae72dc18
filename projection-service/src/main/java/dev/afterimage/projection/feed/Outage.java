package dev.afterimage.projection.feed;

import io.quarkus.logging.Log;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Logs one line when the database or the broker stops answering and one line when it answers again; computes the
 * growing pause between attempts.
 */
final class Outage {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);

    private final Duration maxPause;
    private @Nullable Instant since;
    private Duration pause = FIRST_PAUSE;

    Outage(Duration maxPause) {
        this.maxPause = maxPause;
    }

    /** Returns how long to pause before the next attempt. */
    Duration goesOn(String what, Throwable cause) {
        if (since == null) {
            since = Instant.now();
            Log.warnf("%s; trying again until it works: %s", what, chain(cause));
        }
        Log.debugf(cause, "%s", what);
        Duration current = pause;
        pause = pause.multipliedBy(2).compareTo(maxPause) < 0 ? pause.multipliedBy(2) : maxPause;
        return current;
    }

    private static String chain(Throwable cause) {
        return Stream.iterate(cause, each -> each != null, Throwable::getCause)
                .map(Throwable::toString)
                .collect(Collectors.joining(", caused by "));
    }

    void isOver() {
        if (since != null) {
            Log.infof(
                    "The feed goes on after %d ms",
                    Duration.between(since, Instant.now()).toMillis());
            since = null;
            pause = FIRST_PAUSE;
        }
    }
}
