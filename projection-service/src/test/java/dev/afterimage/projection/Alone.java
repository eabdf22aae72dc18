package dev.afterimage.projection;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.util.Map;

/** A service without a source, with a replica that does not answer, and with short limits of the health checks. */
public class Alone implements QuarkusTestProfile {

    @Override
    public Map<String, String> getConfigOverrides() {
        return Map.of(
                "quarkus.datasource.source.jdbc.url", "",
                "quarkus.datasource.source.devservices.enabled", "false",
                "quarkus.datasource.replica.jdbc.url", "jdbc:postgresql://127.0.0.1:1/replica",
                "feed.max-lag", "2s",
                "feed.unready-after", "2s");
    }
}
