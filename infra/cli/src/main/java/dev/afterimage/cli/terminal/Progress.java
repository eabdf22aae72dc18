package dev.afterimage.cli.terminal;

import java.io.PrintWriter;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Shows the progress of a long operation on standard error: as a bar on a terminal, else as a line for each tenth. */
public final class Progress implements AutoCloseable {

    /** The total of an operation that has no end: no bar, and without a terminal a line for each minute. */
    public static final long ENDLESS = Long.MAX_VALUE;

    private static final long PAUSE_NANOS = Duration.ofMillis(100).toNanos();
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final Screen screen;
    private final PrintWriter err;
    private final String what;
    private final long total;
    private final long began = System.nanoTime();
    private long shown;
    private int steps;
    private @Nullable String last;

    /** @param total the number at which the operation is complete */
    public Progress(Screen screen, String what, long total) {
        this.screen = screen;
        this.err = screen.err();
        this.what = what;
        this.total = Math.max(1, total);
    }

    /**
     * Shows how much is done.
     *
     * @param note a further text, for example a rate
     * @throws Screen.Unwritable when the reader of the output has gone, who would not see the result
     */
    public void at(long done, String note) {
        screen.flush();
        double part = Math.min(1.0, (double) done / total);
        boolean endless = total == ENDLESS;
        String figures = endless
                ? "%,d  %s".formatted(done, note)
                : "%3.0f %%  %,d of %,d  %s".formatted(100 * part, done, total, note);
        int step = endless ? (int) elapsed().toMinutes() : (int) (10 * part);
        if (screen.live()) {
            last = endless ? screen.cut(what + " " + figures) : bar(part, figures);
            if (System.nanoTime() - shown > PAUSE_NANOS) {
                show();
            }
        } else if (step > steps) {
            steps = step;
            err.println(what + " " + figures.stripTrailing());
            err.flush();
        }
    }

    private String bar(double part, String figures) {
        int room = screen.width() - what.length() - figures.length() - 6;
        int width = Math.clamp(room, 0, 40);
        int filled = (int) (width * part);
        String bar = width < 5 ? "" : "[" + "#".repeat(filled) + " ".repeat(width - filled) + "] ";
        return screen.cut(what + " " + bar + figures);
    }

    private void show() {
        err.print(CLEAR_LINE + last);
        err.flush();
        shown = System.nanoTime();
    }

    /** Prints a line above the bar. */
    public void say(String line) {
        if (screen.live()) {
            err.print(CLEAR_LINE);
        }
        err.println(line);
        if (last != null) {
            show();
        }
        err.flush();
    }

    /** The time since the beginning. */
    public Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - began);
    }

    /** Ends the display; the last state stays on the screen. */
    @Override
    public void close() {
        if (last != null) {
            show();
            err.println();
            err.flush();
        }
    }
}
