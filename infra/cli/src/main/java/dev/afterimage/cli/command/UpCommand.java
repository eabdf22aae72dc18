package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.cli.service.AppliedEvents;
import dev.afterimage.cli.service.LocalPipeline;
import dev.afterimage.cli.service.LocalPipelineConfig;
import dev.afterimage.cli.service.QuarkusService;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.cli.terminal.Figures;
import dev.afterimage.stack.Jvm;
import dev.afterimage.stack.StackException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs the pipeline until Ctrl-C and prints each event when it is applied. */
@Command(name = "up", description = "Runs PostgreSQL, Kafka, Connect with Debezium and both services until Ctrl-C.")
public final class UpCommand extends PipelineCommand {

    @Option(
            names = "--at-least-once",
            description = "Connect polls without Kafka transactions: less latency, but its crash may repeat events,"
                    + " which the read model ignores by their version")
    private boolean atLeastOnce;

    @Option(
            names = "--native",
            description =
                    "run the services as native executables; their build needs GraalVM, Mandrel or a container engine")
    private boolean nativeServices;

    private volatile boolean stopping;

    /** A new start has the given ports or the usual ones. */
    @Override
    public void findPipeline(Set<String> givenOptions) {}

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter out = out();
        LocalPipelineConfig config = config();
        Instant began = Instant.now();
        CountDownLatch givenUp = new CountDownLatch(1);
        out.println("Afterimage starts; data and logs are in " + config.stack().home());
        announceStop(out);
        LocalPipeline pipeline;
        try {
            pipeline = LocalPipeline.start(
                    config,
                    (what, took) -> out.printf("  %-24s ready after %6s%n", what, Figures.duration(took)),
                    line -> out.println("! " + line),
                    reason -> {
                        out.println("! " + reason);
                        givenUp.countDown();
                    });
        } catch (StackException e) {
            if (stopping) {
                // ended by Ctrl-C: the shutdown hooks end this process after all parts have stopped
                Thread.currentThread().join();
            }
            stopping = true;
            throw e;
        }
        out.println((pipeline.ready() ? "Ready after " : "Runs, but is not ready, after ")
                + Figures.duration(Duration.between(began, Instant.now())) + ".");
        out.println();
        out.println(invitation(config));
        AppliedEvents.follow(config.projection(), out::println);
        givenUp.await();
        stopping = true;
        pipeline.close();
        return 1;
    }

    private LocalPipelineConfig config() {
        return new LocalPipelineConfig(
                ports.pipeline().stack().with(Jvm.archiveClasses(QuarkusService.ARCHIVES)),
                ports.orderService,
                ports.projectionService,
                !atLeastOnce,
                nativeServices);
    }

    private void announceStop(PrintWriter out) {
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> {
            if (stopping) {
                return;
            }
            stopping = true;
            out.println();
            out.println("Stopping; the data stays for the next run (./mvnw clean deletes it).");
        }));
    }

    private String invitation(LocalPipelineConfig config) {
        // the ports are found in the folder
        String home = ports.homeOption();
        JsonNode order = new ObjectMapper().valueToTree(new RestService(config.orders()).anOrder());
        return """
                  order-service       %s  API: /q/swagger-ui
                  projection-service  %s  API: /q/swagger-ui, a page: /
                  PostgreSQL          127.0.0.1:%d         user and password: postgres
                  Kafka               127.0.0.1:%d         infra/afterimage watch order.events%s
                  Kafka Connect       %s  infra/afterimage connectors%s

                Try, in another terminal:
                  curl -sw '\\n' %s/orders -H 'Content-Type: application/json' -d '%s'
                  curl -sw '\\n' '%s/orders?limit=3'
                  infra/afterimage watch order.events --from-beginning%s

                Each event, when the read model has applied it (Ctrl-C stops the pipeline):
                """.formatted(
                config.orders(),
                config.projection(),
                config.stack().postgresPort(),
                config.stack().kafkaPort(),
                home,
                config.stack().connect(),
                home,
                config.orders(),
                order,
                config.projection(),
                home).stripTrailing();
    }
}
