package dev.afterimage.cli.terminal;

import dev.afterimage.stack.StackException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jspecify.annotations.Nullable;

/** Asks the user at a terminal, with line editing and completion by the Tab key. */
public final class Prompt {

    private final Screen screen;

    /** @throws StackException when there is no terminal */
    public Prompt(Screen screen) {
        if (!screen.live()) {
            throw new StackException("There is no terminal for questions: give the answers as options (--help).");
        }
        this.screen = screen;
    }

    /** The user pressed Ctrl-C or Ctrl-D instead of an answer. */
    public static final class Left extends RuntimeException {
        private Left(Throwable cause) {
            super("left", cause);
        }

        /** 130 after Ctrl-C, 0 after Ctrl-D. */
        public int exitCode() {
            return getCause() instanceof UserInterruptException ? Screen.INTERRUPTED : 0;
        }
    }

    /**
     * Asks for one line.
     *
     * @param otherwise the default answer for an empty line; shown
     * @param choices the completions of the Tab key; other answers are accepted too
     * @throws Left when the user presses Ctrl-C or Ctrl-D
     */
    public String ask(String question, @Nullable String otherwise, List<String> choices) {
        return complete(question, otherwise, choices.stream().map(Candidate::new));
    }

    /** The same with a description of each choice, which the Tab key shows beside it. */
    public String ask(String question, @Nullable String otherwise, Map<String, String> choices) {
        return complete(
                question,
                otherwise,
                choices.entrySet().stream()
                        .map(choice -> new Candidate(
                                choice.getKey(), choice.getKey(), null, choice.getValue(), null, null, true)));
    }

    private String complete(String question, @Nullable String otherwise, Stream<Candidate> choices) {
        Completer words = new StringsCompleter(choices.toArray(Candidate[]::new));
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
        // the library takes a percent sign for the beginning of a code
        String shown = (question + (otherwise == null ? ": " : " [" + otherwise + "]: ")).replace("%", "%%");
        try {
            String answer = reader.readLine(shown).strip();
            return answer.isEmpty() && otherwise != null ? otherwise : answer;
        } catch (UserInterruptException | EndOfFileException e) {
            throw new Left(e);
        }
    }

    /** Asks for yes or no; the default is no. */
    public boolean confirm(String question) {
        return ask(question + " (y/n)", "n", List.of("y", "n"))
                .toLowerCase(Locale.ROOT)
                .startsWith("y");
    }
}
