package dev.afterimage.projection.audit;

import dev.afterimage.stack.StackConfig;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.Map;

/** Takes the source away, and points to a replica where nobody answers. */
public class Nowhere implements QuarkusTestResourceLifecycleManager {

    @Override
    public Map<String, String> start() {
        return Map.of(
                "quarkus.datasource.source.jdbc.url",
                "",
                "quarkus.datasource.replica.jdbc.url",
                "jdbc:postgresql://127.0.0.1:%d/replica"
                        .formatted(StackConfig.freePorts(1).getFirst()));
    }

    /** After that of the stack, so that ours count. */
    @Override
    public int order() {
        return 1;
    }

    @Override
    public void stop() {}
}
