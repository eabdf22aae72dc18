package dev.afterimage.cli.command;

import dev.afterimage.cli.service.RestService;
import dev.afterimage.cli.service.Schemas;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.StackException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows or sets the rule by which a schema registry accepts a new version of a subject's schema. */
@Command(
        name = "compatibility",
        description = "Shows the compatibility rules of the schema registry's subjects, or sets the rule of one.")
public final class CompatibilityCommand extends PipelineCommand {

    /** The <a href="https://docs.confluent.io/platform/current/schema-registry/fundamentals/schema-evolution.html">rules</a>. */
    enum Rule {
        NONE,
        BACKWARD,
        BACKWARD_TRANSITIVE,
        FORWARD,
        FORWARD_TRANSITIVE,
        FULL,
        FULL_TRANSITIVE
    }

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "SUBJECT",
            description = "a topic with -key or -value, such as recipe_avro.public.products-value (all)")
    private @Nullable String subject;

    @Parameters(index = "1", arity = "0..1", paramLabel = "RULE", description = "set it: ${COMPLETION-CANDIDATES}")
    private @Nullable Rule rule;

    @Option(names = "--json", description = "one JSON array; of one SUBJECT one object")
    private boolean json;

    @Mixin
    private Schemas.Option registry = new Schemas.Option();

    @Override
    public Integer call() {
        URI address = registry.addressOrOf(ports);
        if (address == null) {
            throw new StackException("There is no schema registry: start the pipeline with infra/afterimage up"
                    + " --registry-port 8084, or give --registry.");
        }
        RestService service = new RestService(address);
        List<String> subjects = RestService.expect(200, service.get(address.getPath() + "/subjects"))
                .valueStream()
                .map(each -> each.asText())
                .sorted()
                .toList();
        if (subject != null && !subjects.contains(subject)) {
            throw new StackException("There is no subject " + subject + "; there are "
                    + (subjects.isEmpty() ? "none" : String.join(", ", subjects)) + ".");
        }
        if (subject != null && rule != null) {
            RestService.expect(200, service.put(rules(address, subject), Map.of("compatibility", rule)));
        }
        try (Screen screen = screen()) {
            List<Map<String, String>> shown = (subject == null ? subjects : List.of(subject))
                    .stream()
                            .map(each -> Map.of("subject", each, "compatibility", rule(service, address, each)))
                            .toList();
            if (json) {
                screen.json(subject == null ? shown : shown.getFirst());
            } else if (shown.isEmpty()) {
                screen.err().println("The registry has no subjects yet.");
            } else {
                List<String> columns = List.of("subject", "compatibility");
                screen.table(columns, shown, each -> columns.stream()
                        .map(column -> String.valueOf(each.get(column)))
                        .toList());
            }
        }
        return 0;
    }

    private static String rule(RestService service, URI address, String subject) {
        return RestService.expect(200, service.get(rules(address, subject) + "?defaultToGlobal=true"))
                .path("compatibilityLevel")
                .asText();
    }

    private static String rules(URI address, String subject) {
        return address.getPath() + "/config/" + URLEncoder.encode(subject, StandardCharsets.UTF_8);
    }
}
