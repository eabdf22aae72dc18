package dev.afterimage.projection.status;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.util.Optional;

/** The addresses of the upstream components. A component with an empty address is not queried. */
@ConfigMapping(prefix = "pipeline")
interface PipelineConfig {

    /** The REST API of Kafka Connect. */
    @WithDefault("http://127.0.0.1:8083")
    Optional<URI> connectUrl();

    /** The order-service, whose health endpoint shows the replication slot and the outbox. */
    @WithDefault("http://127.0.0.1:8080")
    Optional<URI> orderServiceUrl();
}
