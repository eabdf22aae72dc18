package dev.afterimage.projection.status;

import dev.afterimage.projection.status.PipelineStatus.Connect;
import dev.afterimage.projection.status.PipelineStatus.Connector;
import dev.afterimage.projection.status.PipelineStatus.Reached;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The metrics of Kafka Connect. Kafka Connect itself exports metrics only with an agent in its JVM. */
@ApplicationScoped
class PipelineMetrics implements MeterBinder {

    private static final String RUNNING = "RUNNING";

    private final Pipeline pipeline;
    private final Set<String> known = ConcurrentHashMap.newKeySet();

    PipelineMetrics(Pipeline pipeline) {
        this.pipeline = pipeline;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("pipeline.connect.up", () -> up(registry))
                .description("1 while Kafka Connect answers, otherwise 0; NaN if it has no address here")
                .register(registry);
    }

    /** Also registers a metric for each connector when it is seen for the first time. */
    private double up(MeterRegistry registry) {
        Connect connect = pipeline.status().connect();
        connect.connectors().stream().map(Connector::name).filter(known::add).forEach(name -> Gauge.builder(
                        "pipeline.connector.running", () -> running(name))
                .description("1 while the connector and all of its tasks run, otherwise 0; NaN once it is deleted")
                .tag("connector", name)
                .register(registry));
        return switch (connect.state()) {
            case ANSWERS -> 1;
            case UNREACHABLE -> 0;
            case NOT_ASKED -> Double.NaN;
        };
    }

    private double running(String name) {
        Connect connect = pipeline.status().connect();
        if (connect.state() != Reached.ANSWERS) {
            return 0;
        }
        return connect.connectors().stream()
                .filter(connector -> connector.name().equals(name))
                .findFirst()
                .map(connector -> runs(connector) ? 1.0 : 0.0)
                .orElse(Double.NaN);
    }

    private static boolean runs(Connector connector) {
        return connector.state().equals(RUNNING)
                && !connector.tasks().isEmpty()
                && connector.tasks().stream().allMatch(task -> task.state().equals(RUNNING));
    }
}
