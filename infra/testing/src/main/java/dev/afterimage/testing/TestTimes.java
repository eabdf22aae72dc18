package dev.afterimage.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;

/**
 * Prints where the time of the last build went, as Markdown tables: the reports of Surefire and Failsafe by module and
 * by class, and the starts of servers that a log or a report mentions. {@code infra/test-times} runs it.
 */
public final class TestTimes {

    /** The log line of a started server; for Quarkus, of each started application. */
    private static final Map<String, Pattern> STARTS = new TreeMap<>(Map.of(
            "PostgreSQL", Pattern.compile("database system is ready to accept connections"),
            "Kafka", Pattern.compile("Kafka Server started"),
            "Connect", Pattern.compile("Kafka Connect started"),
            "Quarkus", Pattern.compile("powered by Quarkus [^)]*\\) started in ")));

    private record TestClass(String module, String name, int tests, double seconds) {}

    private TestTimes() {}

    /**
     * Reads the working directory. The argument is the minimum number of seconds of a class in the table; the default
     * is 1.
     */
    public static void main(String[] arguments) throws IOException {
        double least = arguments.length == 0 ? 1 : Double.parseDouble(arguments[0]);
        List<TestClass> classes = new ArrayList<>();
        Map<String, Map<String, Integer>> starts = new TreeMap<>();
        for (Path file : files()) {
            if (file.toString().endsWith(".xml")) {
                classes.add(read(file));
            }
            countStarts(file, starts.computeIfAbsent(module(file), module -> new TreeMap<>()));
        }

        System.out.println("| module | tests | seconds | starts |\n|---|---|---|---|");
        classes.stream()
                .collect(Collectors.groupingBy(TestClass::module, TreeMap::new, Collectors.toList()))
                .forEach((module, its) -> System.out.printf(
                        "| %s | %d | %.0f | %s |%n",
                        module,
                        its.stream().mapToInt(TestClass::tests).sum(),
                        its.stream().mapToDouble(TestClass::seconds).sum(),
                        starts.getOrDefault(module, Map.of()).entrySet().stream()
                                .map(start -> start.getKey() + " " + start.getValue())
                                .collect(Collectors.joining(", "))));
        System.out.println("\n| class | module | tests | seconds |\n|---|---|---|---|");
        classes.stream()
                .filter(each -> each.seconds() >= least)
                .sorted(Comparator.comparingDouble(TestClass::seconds).reversed())
                .forEach(each -> System.out.printf(
                        "| %s | %s | %d | %.1f |%n", each.name(), each.module(), each.tests(), each.seconds()));
    }

    /** The reports of tests and the logs of servers. */
    private static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of(""))) {
            return files.filter(
                            file -> file.toString().matches(".*\\btarget/.*(-reports/TEST-.*\\.xml|/logs/[^/]*\\.log)"))
                    .toList();
        }
    }

    private static String module(Path file) {
        return file.toString().replaceFirst("/?target/.*", "");
    }

    /** Reads the first element of a report, which is the test class. */
    private static TestClass read(Path report) throws IOException {
        try (InputStream in = Files.newInputStream(report)) {
            var xml = XMLInputFactory.newFactory().createXMLStreamReader(in);
            while (xml.next() != XMLStreamConstants.START_ELEMENT) {}
            return new TestClass(
                    module(report),
                    xml.getAttributeValue(null, "name").replaceFirst(".*\\.", ""),
                    Integer.parseInt(xml.getAttributeValue(null, "tests")),
                    Double.parseDouble(xml.getAttributeValue(null, "time").replace(",", "")));
        } catch (XMLStreamException e) {
            throw new IOException(report + " is not a report: " + e.getMessage(), e);
        }
    }

    private static void countStarts(Path file, Map<String, Integer> starts) throws IOException {
        // Latin-1 reads any byte
        try (Stream<String> lines = Files.lines(file, StandardCharsets.ISO_8859_1)) {
            lines.forEach(line -> STARTS.forEach((server, sign) -> {
                if (sign.matcher(line).find()) {
                    starts.merge(server, 1, Integer::sum);
                }
            }));
        }
    }
}
