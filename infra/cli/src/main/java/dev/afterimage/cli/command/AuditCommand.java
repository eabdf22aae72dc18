package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.service.Ports;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.StackException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Starts an audit in the projection-service, which compares source, read model and replica, and prints the result. */
@Command(
        name = "audit",
        description = "Compares source, read model and replica row by row, while they are in use.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:each row is equal",
            "1:at least one row is different",
            "2:no difference was found, but not every row could be compared"
        })
public final class AuditCommand implements Callable<Integer> {

    private static final Duration PAUSE = Duration.ofMillis(300);
    private static final int UNDECIDED = 2;

    @Mixin
    private Ports ports = new Ports();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try {
            RestService projection = ports.projectionService();
            JsonNode audit = RestService.expect(202, projection.post("/audits", Map.of()));
            String address = "/audits/" + audit.path("id").asText();
            while (audit.path("status").asText().equals("RUNNING")) {
                TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis());
                audit = RestService.expect(200, projection.get(address));
            }
            print(out, audit);
            return switch (audit.path("report").path("verdict").asText()) {
                case "EQUAL" -> 0;
                case "DIFFERENT" -> 1;
                default -> UNDECIDED;
            };
        } catch (StackException e) {
            // the usual exit code 1 would mean a difference
            spec.commandLine().getErr().println(Screen.visibleLines(String.valueOf(e.getMessage())));
            return UNDECIDED;
        }
    }

    static void print(PrintWriter out, JsonNode audit) {
        JsonNode report = audit.path("report");
        for (JsonNode side : report.path("sides")) {
            String detail =
                    side.path("detail").isTextual() ? ": " + side.path("detail").asText() : "";
            if (!side.path("state").asText().equals("READ") || !detail.isEmpty()) {
                out.println(Screen.visible(
                        side.path("side").asText() + " " + side.path("state").asText() + detail));
            }
        }
        out.printf(
                "%-12s %-10s %10s %10s  %-16s %-16s %9s %9s %7s%n",
                "table", "follower", "source", "follower", "hash", "hash", "in flight", "different", "behind");
        for (JsonNode each : report.path("comparisons")) {
            out.printf(
                    "%-12s %-10s %10d %10d  %-16s %-16s %9d %9d %7d%n",
                    each.path("table").asText(),
                    each.path("follower").asText(),
                    each.path("sourceRows").asLong(),
                    each.path("followerRows").asLong(),
                    each.path("sourceHash").asText(),
                    each.path("followerHash").asText(),
                    each.path("inFlight").asLong(),
                    each.path("different").asLong(),
                    each.path("behind").asLong() + each.path("unchecked").asLong());
        }
        for (JsonNode cell : report.path("differences")) {
            String line =
                    cell.path("line").isNull() ? "" : "/" + cell.path("line").asText();
            String column = cell.path("column").isNull()
                    ? ""
                    : "." + cell.path("column").asText();
            out.println(Screen.visible("%s %s%s%s: source=%s read-model=%s replica=%s"
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
        out.printf("%s after %.1f s%n", Screen.visible(ended), took.toMillis() / 1000.0);
    }
}
