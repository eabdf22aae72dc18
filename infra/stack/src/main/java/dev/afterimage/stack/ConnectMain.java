package dev.afterimage.stack;

import java.lang.instrument.Instrumentation;

/**
 * Main class of the Connect worker's JVM: serves the JVM's metrics, then runs the worker. {@code -javaagent} would serve
 * them too, but a JVM with an agent writes no class archive.
 */
final class ConnectMain {

    private ConnectMain() {}

    /**
     * Runs the worker.
     *
     * @param args the worker's properties file; then, to serve metrics, the argument of
     *     <a href="https://prometheus.github.io/jmx_exporter/1.0.1/java-agent/">the exporter's agent</a>
     */
    public static void main(String[] args) throws Exception {
        if (args.length > 1) {
            Class.forName("io.prometheus.jmx.JavaAgent")
                    .getMethod("premain", String.class, Instrumentation.class)
                    // the agent only reads beans and changes no class
                    .invoke(null, args[1], null);
        }
        Class.forName("org.apache.kafka.connect.cli.ConnectDistributed")
                .getMethod("main", String[].class)
                .invoke(null, (Object) new String[] {args[0]});
    }
}
