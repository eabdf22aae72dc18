package dev.afterimage.cli.service;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the metrics of a Connect worker. {@code connect-metrics.yaml} of the stack names them. */
final class ConnectMetrics {

    private static final Pattern DEBEZIUM =
            Pattern.compile("(?m)^debezium_metrics_(\\w+)\\{context=\"(\\w+)\",name=\"([^\"]*)\"[^}]*} (\\S+)$");
    private static final int LIMIT_MS = 2_000;

    private ConnectMetrics() {}

    /**
     * The figures of Debezium by the connector's {@code topic.prefix}, each under its context and name: {@code streaming
     * MilliSecondsBehindSource}. Empty when nobody answers.
     */
    static Map<String, Map<String, Double>> ofDebezium(URI address) {
        Map<String, Map<String, Double>> found = new HashMap<>();
        Matcher metric = DEBEZIUM.matcher(text(address));
        while (metric.find()) {
            found.computeIfAbsent(metric.group(3), _ -> new HashMap<>())
                    .put(metric.group(2) + " " + metric.group(1), Double.valueOf(metric.group(4)));
        }
        return found;
    }

    private static String text(URI address) {
        try {
            HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
            connection.setConnectTimeout(LIMIT_MS);
            connection.setReadTimeout(LIMIT_MS);
            try (InputStream in = connection.getInputStream()) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        } catch (IOException e) {
            return "";
        }
    }
}
