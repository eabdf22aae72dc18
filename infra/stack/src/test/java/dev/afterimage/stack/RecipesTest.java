package dev.afterimage.stack;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Checks the connectors' files without running them; RecipesIT and the pipeline's tests run them. */
class RecipesTest {

    private static final Path CONNECTORS = Connectors.folder();
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z-]+\\.json)` \\|");
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void theReadmeListsEachRecipeOnceAndNoOther() throws IOException {
        String readme = Files.readString(CONNECTORS.resolve("README.md"));
        String section = readme.substring(readme.indexOf("\n## Recipes for Connect\n") + 1);
        String table = section.substring(0, section.indexOf("\n## "));

        List<String> listed =
                ROW.matcher(table).results().map(row -> row.group(1)).toList();

        assertThat(listed)
                .containsExactlyInAnyOrderElementsOf(files("recipes")
                        .map(file -> file.getFileName().toString())
                        .toList());
    }

    @Test
    void eachConnectorHasASlotAndAPrefixOfItsOwn() {
        for (String setting : List.of("slot.name", "topic.prefix")) {
            assertThat(connectors()
                            .map(file -> read(file).path(setting).asText())
                            .filter(value -> !value.isEmpty()))
                    .as(setting)
                    .isNotEmpty()
                    .doesNotHaveDuplicates();
        }
    }

    /** All JSON files except the list of topics. */
    private static Stream<Path> connectors() {
        return Stream.concat(files("."), files("recipes")).filter(file -> !file.endsWith("topics.json"));
    }

    private static Stream<Path> files(String folder) {
        return Stream.of(Objects.requireNonNull(
                        CONNECTORS.resolve(folder).toFile().listFiles()))
                .map(each -> each.toPath())
                .filter(file -> file.toString().endsWith(".json"));
    }

    private static JsonNode read(Path file) {
        try {
            return JSON.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
