package dev.afterimage.cli.terminal;

import dev.afterimage.stack.StackException;
import java.util.List;
import java.util.Locale;
import org.jline.reader.Completer;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jspecify.annotations.Nullable;

/** Asks somebody at a terminal, with line editing and the Tab key. */
public final class Prompt {

    private final Screen screen;

    /** @throws StackException where there is no terminal */
    public Prompt(Screen screen) {
        if (!screen.live()) {
            throw new StackException("There is no terminal to ask at: give the answers as options (--help).");
        }
        this.screen = screen;
    }

    /** Ctrl-C or Ctrl-D instead of an answer. */
    public static final class Left extends RuntimeException {
        private Left(Throwable cause) {
            super("left", cause);
        }

        /** 130 after Ctrl-C, 0 after Ctrl-D. */
        public int exitCode() {
            return getCause() instanceof UserInterruptException ? 130 : 0;
        }
    }

    /**
     * One line.
     *
     * @param otherwise the answer that an empty line stands for; shown
     * @param choices what Tab offers; others are accepted too
     * @throws Left when somebody wants to leave
     */
    public String ask(String question, @Nullable String otherwise, List<String> choices) {
        Completer words = new StringsCompleter(choices);
        LineReader reader = LineReaderBuilder.builder()
                .terminal(screen.terminal())
                .completer((typing, line, candidates) -> {
                    // an answer is one word
                    if (line.wordIndex() == 0) {
                        words.complete(typing, line, candidates);
                    }
                })
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .variable(LineReader.DISABLE_HISTORY, true)
                .build();
        String shown = question + (otherwise == null ? ": " : " [" + otherwise + "]: ");
        try {
            String answer = reader.readLine(shown).strip();
            return answer.isEmpty() && otherwise != null ? otherwise : answer;
        } catch (UserInterruptException | EndOfFileException e) {
            throw new Left(e);
        }
    }

    /** Yes or no; no unless it is said. */
    public boolean confirm(String question) {
        return ask(question + " (y/n)", "n", List.of("y", "n"))
                .toLowerCase(Locale.ROOT)
                .startsWith("y");
    }
}
