package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.cli.terminal.Figures;
import dev.afterimage.cli.terminal.Progress;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.StackException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts an audit in the projection-service, which compares source, read model and replica, and prints the result. */
@Command(
        name = "audit",
        description = "Compares source, read model and replica row by row, while they are in use.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:each row is equal",
            "1:at least one row is different",
            "2:no difference was found, but not every row could be compared"
        })
public final class AuditCommand extends PipelineCommand {

    private static final Duration PAUSE = Duration.ofMillis(300);
    private static final int UNDECIDED = 2;
    private static final String BEHIND = "behind";
    /** The fields of a comparison in the table. The hashes do not fit; {@code --json} has them. */
    private static final String[] COLUMNS = {
        "table", "follower", "sourceRows", "followerRows", "different", "inFlight", BEHIND
    };

    @Option(names = "--json", description = "the audit with its report, as the service gives it")
    private boolean json;

    @Override
    public Integer call() throws InterruptedException {
        try (Screen screen = screen()) {
            JsonNode audit = run(screen, ports.projectionService());
            if (json) {
                screen.json(audit);
            } else {
                print(screen, audit);
            }
            return switch (audit.path("report").path("verdict").asText()) {
                case "EQUAL" -> 0;
                case "DIFFERENT" -> 1;
                default -> UNDECIDED;
            };
        } catch (StackException e) {
            // the usual exit code 1 would mean a difference
            err().println(Screen.visibleLines(String.valueOf(e.getMessage())));
            return UNDECIDED;
        }
    }

    private static JsonNode run(Screen screen, RestService projection) throws InterruptedException {
        JsonNode audit = RestService.expect(202, projection.post("/audits", Map.of()));
        String address = "/audits/" + audit.path("id").asText();
        try (Progress progress = new Progress(screen, "Comparing, seconds:", Progress.ENDLESS)) {
            while (audit.path("status").asText().equals("RUNNING")) {
                TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis());
                audit = RestService.expect(200, projection.get(address));
                long seconds = progress.elapsed().toSeconds();
                if (seconds > 0) {
                    progress.at(seconds, "(waits for a follower that is behind)");
                }
            }
        }
        return audit;
    }

    private static void print(Screen screen, JsonNode audit) {
        JsonNode report = audit.path("report");
        for (JsonNode side : report.path("sides")) {
            String state = side.path("state").asText().equals("READ")
                    ? ""
                    : " " + side.path("state").asText();
            String detail =
                    side.path("detail").isTextual() ? ": " + side.path("detail").asText() : "";
            if (!state.isEmpty() || !detail.isEmpty()) {
                screen.out().println(Screen.visible(side.path("side").asText() + state + detail));
            }
        }
        screen.table(
                List.of("table", "follower", "source rows", "its rows", "different", "in flight", BEHIND),
                report.path("comparisons").valueStream().toList(),
                each -> Stream.of(COLUMNS)
                        .map(column -> column.equals(BEHIND)
                                ? Long.toString(each.path(BEHIND).asLong()
                                        + each.path("unchecked").asLong())
                                : each.path(column).asText())
                        .toList());
        for (JsonNode cell : report.path("differences")) {
            String line =
                    cell.path("line").isNull() ? "" : "/" + cell.path("line").asText();
            String column = cell.path("column").isNull()
                    ? ""
                    : "." + cell.path("column").asText();
            screen.out()
                    .println(Screen.visible("%s %s%s%s: source=%s read-model=%s replica=%s"
                            .formatted(
                                    cell.path("table").asText(),
                                    cell.path("id").asText(),
                                    line,
                                    column,
                                    cell.path("source"),
                                    cell.path("readModel"),
                                    cell.path("replica"))));
        }
        String ended = audit.path("status").asText().equals("DONE")
                ? report.path("verdict").asText()
                : audit.path("error").asText();
        Duration took = Duration.between(
                Instant.parse(audit.path("startedAt").asText()),
                Instant.parse(audit.path("endedAt").asText()));
        screen.out().println(Screen.visible(ended) + " after " + Figures.duration(took));
    }
}
