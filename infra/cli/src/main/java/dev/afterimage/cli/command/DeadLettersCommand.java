package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.StackException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** Shows and handles dead letters; without a subcommand it lists them. */
@Command(
        name = "dead-letters",
        description = "Lists, shows, replays and discards the records that could not be read or broke a rule.")
public final class DeadLettersCommand extends PipelineCommand {

    @Option(names = "--json", scope = ScopeType.INHERIT, description = "JSON as the service gives it")
    private boolean json;

    @Override
    public Integer call() {
        list(null, null, 50);
        return 0;
    }

    @Command(name = "list", description = "Lists them, the newest first.")
    void list(
            @Option(names = "--topic", paramLabel = "TOPIC", description = "only of this topic") @Nullable String topic,
            @Option(names = "--digest", paramLabel = "DIGEST", description = "only with this digest of a fault")
                    @Nullable String digest,
            @Option(
                            names = "--limit",
                            paramLabel = "N",
                            defaultValue = "50",
                            description = "maximum number, 1 to 200 (${DEFAULT-VALUE})")
                    int limit) {
        JsonNode letters = RestService.expect(
                200, ports.projectionService().get("/dead-letters?limit=" + limit + query("&", topic, digest)));
        if (letters.isEmpty()) {
            checkNames(topic, digest);
        }
        try (Screen screen = screen()) {
            if (json) {
                screen.json(letters);
            } else if (letters.isEmpty()) {
                screen.out().println("No dead letters.");
            } else {
                screen.table(
                        List.of("id", "topic", "position", "key", "attempts", "reason"),
                        letters.valueStream().toList(),
                        letter -> List.of(
                                letter.path("id").asText(),
                                letter.path("topic").asText(),
                                letter.path("partition").asText() + "@"
                                        + letter.path("offset").asText(),
                                letter.path("key").asText("-"),
                                letter.path("attempts").asText(),
                                letter.path("reason").asText()));
            }
        }
    }

    @Command(name = "show", description = "Shows one with its whole record.")
    void show(@Parameters(paramLabel = "ID") long id) {
        JsonNode letter =
                RestService.expect(200, known(ports.projectionService().get("/dead-letters/" + id)));
        try (Screen screen = screen()) {
            if (json) {
                screen.json(letter);
            } else {
                screen.out().println(Screen.visibleLines(letter.toPrettyString()));
            }
        }
    }

    @Command(
            name = "replay",
            description = "Applies them again: those with the ids, all of a topic, all with a digest, or all."
                    + " Exit code 1 when one is refused again.")
    int replay(
            @Parameters(arity = "0..*", paramLabel = "ID") @Nullable List<Long> ids,
            @Option(names = "--topic", paramLabel = "TOPIC", description = "all of this topic") @Nullable String topic,
            @Option(names = "--digest", paramLabel = "DIGEST", description = "all with this digest of a fault")
                    @Nullable String digest,
            @Option(names = "--all", description = "all dead letters") boolean all) {
        try (Screen screen = screen()) {
            if (ids == null || ids.isEmpty()) {
                if (topic == null && digest == null && !all) {
                    throw wrong("Give ids, --topic, --digest or --all");
                }
                JsonNode tally = RestService.expect(
                        200,
                        ports.projectionService().post("/dead-letters/replays" + query("?", topic, digest), Map.of()));
                if (tally.path("replayed").asLong() == 0) {
                    checkNames(topic, digest);
                }
                if (json) {
                    screen.json(tally);
                } else {
                    tally.properties().forEach(each -> screen.out()
                            .println(Screen.visible(
                                    each.getKey() + ": " + each.getValue().asText())));
                }
                return tally.path("refused").asLong() == 0 ? 0 : 1;
            }
            boolean refused = false;
            for (long id : ids) {
                RestService.Answer answer = known(ports.projectionService()
                        .post("/dead-letters/" + id + "/replay", Map.of())
                        .allowed());
                refused |= answer.status() != 200;
                if (json) {
                    screen.json(answer.body());
                } else {
                    screen.out()
                            .println(Screen.visible(id + ": "
                                    + (answer.status() == 200
                                            ? answer.body().path("effect").asText()
                                            : answer.reason())));
                }
            }
            return refused ? 1 : 0;
        }
    }

    @Command(
            name = "discard",
            description =
                    "Deletes them from the service: those with the ids, all of a topic, all with a digest, or all."
                            + " Their records stay on the dead letter topic.")
    int discard(
            @Parameters(arity = "0..*", paramLabel = "ID") @Nullable List<Long> ids,
            @Option(names = "--topic", paramLabel = "TOPIC", description = "all of this topic") @Nullable String topic,
            @Option(names = "--digest", paramLabel = "DIGEST", description = "all with this digest of a fault")
                    @Nullable String digest,
            @Option(names = "--all", description = "all dead letters") boolean all) {
        try (Screen screen = screen()) {
            if (ids != null && !ids.isEmpty()) {
                for (long id : ids) {
                    RestService.expect(204, known(delete(id)));
                    screen.out().println(json ? "{\"discarded\":" + id + "}" : id + " is discarded.");
                }
                return 0;
            }
            if (topic == null && digest == null && !all) {
                throw wrong("Give ids, --topic, --digest or --all");
            }
            long count = 0;
            String page = "/dead-letters?limit=200" + query("&", topic, digest);
            JsonNode letters = RestService.expect(200, ports.projectionService().get(page));
            if (letters.isEmpty()) {
                checkNames(topic, digest);
            }
            while (!letters.isEmpty()) {
                long last = 0;
                for (JsonNode letter : letters) {
                    last = letter.path("id").asLong();
                    RestService.Answer answer = delete(last);
                    if (answer.status() != 404) { // 404: replayed or discarded meanwhile
                        RestService.expect(204, answer);
                        count++;
                    }
                }
                // only older ones, so that this ends although new ones come in
                letters = RestService.expect(200, ports.projectionService().get(page + "&after=" + last));
            }
            screen.out()
                    .println(
                            json
                                    ? "{\"discarded\":" + count + "}"
                                    : "%,d dead letters are discarded.".formatted(count));
            return 0;
        }
    }

    /** Where no letter was found: refuses a topic that the service does not read, and a digest that no letter has. */
    private void checkNames(@Nullable String topic, @Nullable String digest) {
        if (topic != null) {
            JsonNode stats = RestService.expect(200, ports.projectionService().get("/stats"));
            Set<String> topics = new TreeSet<>(stats.findValuesAsText("topic"));
            stats.path("aggregates").fieldNames().forEachRemaining(aggregate -> topics.add(aggregate + ".events"));
            if (!topics.contains(topic)) {
                throw new StackException(
                        "projection-service reads no topic " + topic + ", only " + String.join(", ", topics) + ".");
            }
        }
        if (digest != null) {
            throw new StackException(
                    "No dead letter has the digest " + digest + (topic == null ? "." : " on topic " + topic + "."));
        }
    }

    private RestService.Answer delete(long id) {
        return ports.projectionService().delete("/dead-letters/" + id);
    }

    /** Returns the answer, unless there is no such dead letter. */
    private static RestService.Answer known(RestService.Answer answer) {
        if (answer.status() == 404) {
            throw new StackException(answer.reason() + " infra/afterimage dead-letters lists those that wait.");
        }
        return answer;
    }

    private static String query(String first, @Nullable String topic, @Nullable String digest) {
        List<String> parts = new ArrayList<>();
        if (topic != null) {
            parts.add("topic=" + URLEncoder.encode(topic, StandardCharsets.UTF_8));
        }
        if (digest != null) {
            parts.add("digest=" + URLEncoder.encode(digest, StandardCharsets.UTF_8));
        }
        return parts.isEmpty() ? "" : first + String.join("&", parts);
    }
}
