package dev.afterimage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.cli.TestPipeline.Run;
import dev.afterimage.stack.Connectors;
import java.io.IOException;
import java.nio.file.Files;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The steps of "When something breaks" in infra/README.md. */
final class RepairSteps {

    private static final Pattern STEPS =
            Pattern.compile("\n## When something breaks\n.*?```sh\n(.*?)```", Pattern.DOTALL);
    private static final Pattern BEGUN = Pattern.compile("source_tables, begun at (.*)\\.");

    private RepairSteps() {}

    /** Returns the number of rows that were deleted from the replica because the source no longer has them. */
    static long run(TestPipeline pipeline) throws IOException {
        Matcher steps = STEPS.matcher(Files.readString(Connectors.folder().resolveSibling("infra/README.md")));
        assertThat(steps.find()).isTrue();
        String begun = "";
        long deleted = -1;
        for (String line : steps.group(1).lines().toList()) {
            String step = line.replaceFirst("#.*", "").strip().replace("…", begun);
            if (step.isEmpty()) {
                continue; // a comment
            }
            if (step.equals("infra/afterimage status")) {
                pipeline.awaitNothingOnItsWay("");
            } else {
                Run done = pipeline.run(words(step).skip(1).toArray(String[]::new));
                System.out.println(step + ": " + done.out());
                assertThat(done.code()).as(done.toString()).isZero();
                if (step.contains("delete_unseen_since")) {
                    deleted = Long.parseLong(done.out().strip().replaceFirst("(?s).*\\s", ""));
                }
                Matcher time = BEGUN.matcher(done.out());
                begun = time.find() ? time.group(1) : begun;
            }
        }
        return deleted;
    }

    /** As a shell takes them. */
    private static Stream<String> words(String step) {
        return Pattern.compile("\"([^\"]*)\"|\\S+")
                .matcher(step)
                .results()
                .map(word -> word.group(1) == null ? word.group() : word.group(1));
    }
}
