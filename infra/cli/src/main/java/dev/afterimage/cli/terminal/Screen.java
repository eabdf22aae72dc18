package dev.afterimage.cli.terminal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import dev.afterimage.stack.StackException;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.AttributedString;
import org.jline.utils.Display;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.Ansi.Style;
import picocli.CommandLine.Model.CommandSpec;

/** The output of a command: with colours and redrawn in place on a terminal, elsewhere as plain lines. */
public final class Screen implements AutoCloseable {

    /** The exit code of a command that was ended by Ctrl-C or SIGTERM. */
    public static final int INTERRUPTED = 130;

    /** The width when the output is not a terminal. */
    private static final int UNLIMITED = 10_000;

    private static final ObjectMapper JSON = new ObjectMapper().registerModule(new Jdk8Module());

    private static final Pattern CONTROLS =
            Pattern.compile("[\\p{Cc}\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]");
    private static final Pattern CONTROLS_IN_LINES = Pattern.compile(CONTROLS + "(?<![\n\t])");

    private static final Logger JLINE = Logger.getLogger("org.jline");

    static {
        // JLine can use a terminal of an unknown kind, but it prints a stack trace about it
        JLINE.setLevel(Level.OFF);
    }

    private final PrintWriter out;
    private final PrintWriter err;
    private final Ansi ansi;
    private final boolean live;
    private @Nullable Terminal terminal;
    private @Nullable Display display;

    private Screen(PrintWriter out, PrintWriter err, Ansi ansi, boolean live) {
        this.out = out;
        this.err = err;
        this.ansi = ansi;
        this.live = live;
    }

    /** The screen of the running command. */
    public static Screen of(@Nullable CommandSpec spec) {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        return new Screen(
                command.getOut(), command.getErr(), command.getColorScheme().ansi(), onTerminal());
    }

    /** Whether standard input and output are a terminal, so that questions and a redrawn display are possible. */
    public static boolean onTerminal() {
        return Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    }

    public PrintWriter out() {
        return out;
    }

    public PrintWriter err() {
        return err;
    }

    public boolean live() {
        return live;
    }

    /**
     * Replaces control characters by their codes: data from anywhere must not control the terminal. Bidirectional
     * controls count too, because they show text in another order. JSON stays JSON with the same values.
     */
    public static String visible(String text) {
        return visible(text, CONTROLS);
    }

    /** The same for a text of several lines, whose line ends and tabs stay. */
    public static String visibleLines(String text) {
        return visible(text, CONTROLS_IN_LINES);
    }

    private static String visible(String text, Pattern controls) {
        if (text.chars().allMatch(character -> character >= ' ' && character <= '~')) {
            return text; // 20 times as fast as the pattern
        }
        return controls.matcher(text)
                .replaceAll(found -> "\\\\u%04X".formatted((int) found.group().charAt(0)));
    }

    /** The text in the style, or unchanged when colours are off. */
    public String paint(Style style, String text) {
        // picocli ends bold by 21, which is double underline in some terminals
        return ansi.enabled() ? style.on() + text + style.off().replace("[21m", "[22m") : text;
    }

    /** Columns of the terminal. */
    public int width() {
        return live ? Math.max(20, terminal().getWidth()) : UNLIMITED;
    }

    /** Nobody can read the output any more, so a command without another end must end. */
    public static final class Unwritable extends RuntimeException {
        private Unwritable() {
            super("the output cannot be written");
        }
    }

    /** Sends what was printed. */
    public void flush() {
        if (out.checkError()) {
            throw new Unwritable();
        }
    }

    /** One JSON document on one line. */
    public void json(Object value) {
        json(value, out);
    }

    /** The same on another output than standard output. */
    public void json(Object value, PrintWriter to) {
        try {
            to.println(visible(JSON.writeValueAsString(value)));
            flush();
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** Replaces the lines that were drawn last; without a terminal, prints the lines after them. */
    public void redraw(List<String> lines) {
        if (!live) {
            print(lines);
            return;
        }
        Terminal shown = terminal();
        if (display == null) {
            display = new Display(shown, false);
            // after Ctrl-C the shell's prompt must appear below the display
            Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(System.out::println));
        }
        int rows = Math.max(5, shown.getHeight());
        int columns = width();
        display.resize(rows, columns);
        List<AttributedString> fitting = new ArrayList<>();
        boolean tooMany = lines.size() > rows - 1;
        for (String line : tooMany ? lines.subList(0, rows - 2) : lines) {
            fitting.add(AttributedString.fromAnsi(line).columnSubSequence(0, columns));
        }
        if (tooMany) {
            fitting.add(new AttributedString(cut("… %d more lines".formatted(lines.size() - rows + 2))));
        }
        display.update(fitting, -1);
        shown.flush();
    }

    /** Prints the lines below the present output. */
    public void print(List<String> lines) {
        lines.forEach(out::println);
        flush();
    }

    /** Ends when it is closed. */
    public interface Interception extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Runs the action on the first Ctrl-C or SIGTERM instead of ending the program. Another one, a second later, ends the
     * program at once; {@code timeout} sends its SIGTERM twice.
     */
    public Interception onInterrupt(Runnable action) {
        AtomicLong first = new AtomicLong();
        Runnable signalled = () -> {
            if (first.compareAndSet(0, System.nanoTime())) {
                action.run();
            } else if (System.nanoTime() - first.get() > Duration.ofSeconds(1).toNanos()) {
                System.exit(INTERRUPTED);
            }
        };
        Object term = Signals.register("TERM", signalled);
        if (live) {
            Terminal.SignalHandler before = terminal().handle(Terminal.Signal.INT, _ -> signalled.run());
            return () -> {
                terminal().handle(Terminal.Signal.INT, before);
                Signals.unregister("TERM", term);
            };
        }
        Object interrupt = Signals.register("INT", signalled);
        return () -> {
            Signals.unregister("INT", interrupt);
            Signals.unregister("TERM", term);
        };
    }

    /**
     * Prints a row for each thing under a line of headings. Columns are as wide as needed; a line that is wider than the
     * screen is cut off.
     */
    public <T> void table(List<String> headings, Collection<T> things, Function<T, List<String>> row) {
        print(tableLines(headings, things, row));
    }

    /** The same table as lines, to be shown later. */
    public <T> List<String> tableLines(List<String> headings, Collection<T> things, Function<T, List<String>> row) {
        List<List<String>> cells = things.stream().map(row).toList();
        int[] widths = new int[headings.size()];
        List<String> lines = new ArrayList<>();
        lines.add(paint(Style.bold, row(widened(widths, headings, cells), widths)));
        cells.forEach(line -> lines.add(row(line, widths)));
        return lines;
    }

    /** A table whose rows come page by page: its columns are as wide as the first page needs. */
    public final class PagedTable {

        private final List<String> headings;
        private final int[] widths;
        private boolean begun;

        public PagedTable(List<String> headings) {
            this.headings = headings;
            this.widths = new int[headings.size()];
        }

        /** Prints the rows, the first ones under the line of headings. */
        public void print(List<List<String>> rows) {
            if (!begun) {
                out.println(paint(Style.bold, row(widened(widths, headings, rows), widths)));
                begun = true;
            }
            rows.forEach(cells -> out.println(row(cells, widths)));
            flush();
        }
    }

    /** Makes each column as wide as its cells need, and returns the headings. */
    private static List<String> widened(int[] widths, List<String> headings, List<List<String>> rows) {
        for (int column = 0; column < widths.length; column++) {
            int at = column;
            widths[column] = Stream.concat(Stream.of(headings), rows.stream())
                    .mapToInt(cells -> visible(cells.get(at)).length())
                    .max()
                    .orElse(0);
        }
        return headings;
    }

    private String row(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < widths.length; column++) {
            String cell = visible(cells.get(column));
            line.append(cell);
            if (column < widths.length - 1) {
                line.repeat(' ', Math.max(0, widths[column] - cell.length()) + 2);
            }
        }
        return cut(line.toString());
    }

    /** Makes a line without colours {@linkplain #visible visible} and cuts it to the width of the screen. */
    public String cut(String line) {
        int width = width();
        String shown = visible(line);
        return shown.length() <= width ? shown : shown.substring(0, width - 1) + "…";
    }

    /** Breaks a line without colours at blanks into lines that have room for an indentation. */
    public List<String> wrap(String line, int indentation) {
        List<String> lines = new ArrayList<>();
        String rest = visible(line);
        int room = Math.max(20, width() - indentation);
        while (rest.length() > room) {
            int blank = rest.lastIndexOf(' ', room);
            int end = blank > 0 ? blank : room;
            lines.add(rest.substring(0, end));
            rest = rest.substring(end).stripLeading();
        }
        lines.add(rest);
        return lines;
    }

    /** The terminal itself, opened when first needed. */
    Terminal terminal() {
        if (terminal == null) {
            try {
                terminal = TerminalBuilder.builder().system(true).build();
            } catch (IOException e) {
                throw new StackException("This terminal cannot be used: " + e.getMessage(), e);
            }
        }
        return terminal;
    }

    /** Restores the state of the terminal. */
    @Override
    public void close() {
        try {
            if (terminal != null) {
                terminal.close();
            }
        } catch (IOException e) {
            // the terminal is closed with this process
        }
        out.flush();
    }
}
