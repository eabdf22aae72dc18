package dev.afterimage.cli.terminal;

import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Locale;

/** Durations and sizes, in the form that every command prints. */
public final class Figures {

    private static final Duration SHORT = Duration.ofMinutes(2);

    private Figures() {}

    /** The duration with two or three digits: {@code 4.2 ms}, {@code 42 ms}, {@code 4.2 s}, {@code 42 min}, {@code 4 h 2 min}. */
    public static String duration(Duration duration) {
        double millis = duration.toNanos() / 1e6;
        if (millis < 1_000) {
            return rounded(millis < 10 ? "0.#" : "0", millis) + " ms";
        }
        if (duration.compareTo(SHORT) < 0) {
            return rounded("0.0", millis / 1_000) + " s";
        }
        String minutes = duration.toMinutesPart() + " min";
        if (duration.toHours() == 0) {
            return minutes;
        }
        return duration.toDays() == 0
                ? duration.toHours() + " h " + minutes
                : duration.toDays() + " d " + duration.toHoursPart() + " h";
    }

    /**
     * Reads a duration such as {@code 60s}, {@code 5m}, {@code 2h} or {@code 1d}. A plain number is seconds.
     *
     * @throws DateTimeException when the text is none
     */
    public static Duration duration(String text) {
        if (!text.matches("[0-9].*")) {
            throw new DateTimeException("no number");
        }
        String number = text.matches("[0-9]+") ? text + "s" : text;
        return Duration.parse((number.endsWith("d") ? "P" : "PT") + number.toUpperCase(Locale.ROOT));
    }

    /** The size in units of 1,024, as PostgreSQL has them: {@code 4096 B}, {@code 420 KB}, {@code 42 MB}. */
    public static String bytes(long bytes) {
        if (bytes < 10 << 10) {
            return bytes + " B";
        }
        return bytes < 10 << 20 ? (bytes >> 10) + " KB" : (bytes >> 20) + " MB";
    }

    private static String rounded(String pattern, double number) {
        return new DecimalFormat(pattern, DecimalFormatSymbols.getInstance(Locale.ROOT)).format(number);
    }
}
