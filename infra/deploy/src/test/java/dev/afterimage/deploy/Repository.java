package dev.afterimage.deploy;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.afterimage.stack.Connectors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.xpath.XPathExpressionException;
import javax.xml.xpath.XPathFactory;
import org.xml.sax.InputSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;

/** Reads files of this repository. A malformed file or a duplicate key is an error. */
final class Repository {

    static final Path ROOT = Connectors.folder().resolve("..").normalize();

    static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    static final YAMLMapper YAML = YAMLMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** What the exporter of Connect's metrics reads. */
    static final String METRICS = "infra/stack/src/main/resources/dev/afterimage/stack/connect-metrics.yaml";

    private static final Pattern ENVIRONMENT = Pattern.compile("\\$\\{env:([^}]+)}");

    private Repository() {}

    static Path file(String path) {
        return ROOT.resolve(path);
    }

    static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The text at the pointer; empty if there is none. */
    static String text(JsonNode json, String pointer) {
        return json.at(pointer).asText();
    }

    static JsonNode json(Path file) {
        try {
            return JSON.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    /** The compose file, with its anchors and merge keys resolved. */
    static JsonNode compose() {
        var options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        return JSON.valueToTree(new Yaml(options).<Object>load(text(file("infra/deploy/compose/compose.yaml"))));
    }

    /** The documents of the file. */
    static List<JsonNode> yaml(Path file) {
        try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(file.toFile())) {
            return documents.readAll();
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    static List<String> names(JsonNode object) {
        return object.properties().stream().map(Map.Entry::getKey).toList();
    }

    /** The files of the connectors; each connector has the name of its file. */
    static List<Path> connectors() {
        return connectors("connectors");
    }

    /** The files of the connectors in the folder. */
    static List<Path> connectors(String folder) {
        try (Stream<Path> files = Files.list(file(folder))) {
            return files.filter(file -> file.toString().endsWith(".json"))
                    .filter(file -> !file.endsWith("topics.json"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String name(Path connector) {
        return connector.getFileName().toString().replace(".json", "");
    }

    /** The environment variables of Connect that these files use, without duplicates. */
    static List<String> environmentOf(List<Path> connectors) {
        return connectors.stream()
                .flatMap(file -> json(file).valueStream())
                .flatMap(setting -> ENVIRONMENT.matcher(setting.asText()).results())
                .map(reference -> reference.group(1))
                .distinct()
                .toList();
    }

    /** The version of a server of the local pipeline. */
    static String serverVersion(String property) {
        try (var pom = Files.newInputStream(file("infra/stack/distribution/pom.xml"))) {
            return XPathFactory.newInstance()
                    .newXPath()
                    .evaluateExpression(
                            "//*[local-name()='" + property + "']/text()", new InputSource(pom), String.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (XPathExpressionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The compiled classes of the service. */
    static List<Path> classes(String service) throws IOException {
        try (Stream<Path> files = Files.walk(file(service + "/target/classes/dev"))) {
            return files.filter(file -> file.toString().endsWith(".class")).toList();
        }
    }
}
