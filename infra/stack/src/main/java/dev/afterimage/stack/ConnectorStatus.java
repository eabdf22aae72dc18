package dev.afterimage.stack;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The state of a connector and of its tasks: RUNNING, UNASSIGNED, RESTARTING, PAUSED, STOPPED or FAILED.
 *
 * @param type source or sink
 * @param tasks the state of each task; empty right after the connector was applied
 * @param failure the reason of the first failure, in one line
 * @param trace the stack trace of that failure, as the worker reports it
 */
public record ConnectorStatus(
        String name, String type, String state, List<String> tasks, Optional<String> failure, Optional<String> trace) {

    private static final String CAUSE = "Caused by: ";
    /** The part of a line before the message; where there is no message, the part before the class name. */
    private static final Pattern PREFIX = Pattern.compile(CAUSE + "([\\w.$]+: )?");

    private static final Pattern CLASS_NAME = Pattern.compile("\\w+(\\.[\\w$]+)+");

    /** Apicurio's client gives its exceptions no message. */
    private static final Pattern REGISTRY_ERROR = Pattern.compile("io\\.apicurio\\..*ProblemDetails");

    /** Debezium prints its whole position, half a screen of text, inside a message. */
    private static final Pattern POSITION = Pattern.compile("PostgresOffsetContext \\[.*]");

    /** Reads the worker's answer; the trace is of the first failure. */
    static ConnectorStatus of(JsonNode reported) {
        JsonNode connector = reported.path("connector");
        Optional<String> trace = Stream.concat(
                        Stream.of(connector), reported.path("tasks").valueStream())
                .filter(part -> part.path("state").asText().equals("FAILED"))
                .map(part -> part.path("trace").asText("no reason given"))
                .findFirst();
        return new ConnectorStatus(
                reported.path("name").asText(),
                reported.path("type").asText(),
                connector.path("state").asText(),
                reported.path("tasks").findValuesAsText("state"),
                trace.map(ConnectorStatus::reason),
                trace);
    }

    /** Whether the connector and at least one task run, and nothing failed. */
    public boolean running() {
        return state.equals("RUNNING") && !tasks.isEmpty() && tasks.stream().allMatch("RUNNING"::equals);
    }

    /** Whether the connector is paused and no task is running. */
    boolean paused() {
        return state.equals("PAUSED") && !tasks.contains("RUNNING");
    }

    /** Whether the connector is stopped and its tasks are gone. */
    boolean stopped() {
        return state.equals("STOPPED") && tasks.isEmpty();
    }

    /** Whether an operator paused or stopped the connector; this state survives a restart of the worker. */
    boolean halted() {
        return state.equals("PAUSED") || state.equals("STOPPED");
    }

    /** Whether it has failed because the slot that it has read is gone, by Debezium's message. No restart helps then. */
    public boolean lostItsSlot() {
        return failure.filter(reason -> reason.contains("no longer available on the server"))
                .isPresent();
    }

    public boolean failed() {
        return failure.isPresent();
    }

    /**
     * The messages of the causes in a stack trace, the outermost first. The first line of the trace is left out,
     * because it only says that something failed. A message that contains the message of its own cause is left out too.
     * When no cause has a message, the first line and the class of the innermost cause are all that there is.
     */
    static String reason(String trace) {
        List<String> causes = new ArrayList<>();
        String silent = "";
        for (String line : trace.lines().filter(each -> each.startsWith(CAUSE)).toList()) {
            String cause = REGISTRY_ERROR
                    .matcher(PREFIX.matcher(line).replaceFirst(""))
                    .replaceFirst("the schema registry refused the request, its log has the reason"
                            + " (connectors/README.md, Avro and compatibility of schemas)");
            if (CLASS_NAME.matcher(cause).matches()) {
                silent = " (" + cause + ")";
                continue;
            }
            causes.removeIf(outer -> outer.contains(cause));
            causes.add(cause);
        }
        String reason = causes.isEmpty() ? trace.lines().findFirst().orElse("") + silent : String.join(": ", causes);
        return POSITION.matcher(reason).replaceAll("its offset");
    }
}
