package dev.afterimage.cli.command;

import dev.afterimage.cli.service.LocalPipeline;
import dev.afterimage.cli.service.LocalPipelineConfig;
import dev.afterimage.cli.service.QuarkusService;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.stack.Folders;
import dev.afterimage.stack.Jvm;
import dev.afterimage.stack.Repository;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Records AOT caches of the pipeline's JVMs. Runs its own pipeline for that, which may run beside another. */
@Command(
        name = "train",
        description = "Records AOT caches. With them the JVMs of the pipeline start with less than half the work.",
        mixinStandardHelpOptions = true)
public final class Train implements Callable<Integer> {

    private static final Path HOME = Repository.root().resolve("target/train");
    private static final List<String> PROCESSES = List.of("kafka", "connect", "order-service", "projection-service");

    @Option(names = "--orders", defaultValue = "500", description = "orders to place meanwhile (${DEFAULT-VALUE})")
    private int orders;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        if (orders < 1) {
            throw new ParameterException(command, "--orders is at least 1");
        }
        Path recorded = HOME.resolve("aot").toAbsolutePath();
        Folders.delete(HOME);
        Files.createDirectories(recorded);
        say("Starting a pipeline that records its JVMs; this takes longer than a usual start ...");
        LocalPipelineConfig config = LocalPipelineConfig.onFreePorts(HOME).with(Jvm.PLAIN.recordAotCaches(recorded));
        try (LocalPipeline pipeline =
                LocalPipeline.start(config, (what, took) -> say("  " + what), this::say, this::say)) {
            say("Placing, changing and reading %d orders ...".formatted(orders));
            work(new RestService(config.orders()), new RestService(config.projection()));
            say("Stopping; each JVM writes its cache ...");
        }
        List<String> missing = new ArrayList<>();
        for (String process : PROCESSES) {
            Path cache = recorded.resolve(process + ".aot");
            if (Files.isRegularFile(cache)) {
                say("  %-20s %4d MB".formatted(process, Files.size(cache) / (1024 * 1024)));
            } else {
                missing.add(process);
                // a JDK may fail to cache Connect's plugins, which have their own class loaders; this cannot be fixed
                // here
                say("  %-20s none: the end of %s has the reason; it starts without a cache"
                        .formatted(process, HOME.resolve("logs").resolve(process + ".log")));
            }
        }
        if (missing.size() == PROCESSES.size()) {
            throw new StackException("No JVM has written a cache; see " + HOME.resolve("logs"));
        }
        Folders.delete(QuarkusService.AOT_CACHES);
        Files.move(recorded, QuarkusService.AOT_CACHES);
        if (missing.isEmpty()) {
            Folders.delete(HOME);
        }
        say("The next infra/afterimage up uses them.");
        return 0;
    }

    private void work(RestService source, RestService readModel) {
        Map<String, ?> order = source.anOrder();
        for (int i = 0; i < orders; i++) {
            String path = "/orders/"
                    + RestService.expect(201, source.post("/orders", order))
                            .path("id")
                            .asText();
            RestService.expect(200, source.get(path));
            RestService.expect(200, readModel.get(path + "?minVersion=1&wait=10s"));
            RestService.expect(200, source.put(path + "/status", Map.of("status", "PAID")));
            RestService.expect(200, readModel.get("/orders?limit=5"));
            if (i % 2 == 0) {
                source.delete(path);
                RestService.expect(200, readModel.get(path + "/history"));
            }
        }
    }

    private void say(String line) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(line);
        out.flush();
    }
}
