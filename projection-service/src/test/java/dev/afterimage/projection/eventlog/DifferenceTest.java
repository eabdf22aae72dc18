package dev.afterimage.projection.eventlog;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DifferenceTest {

    private static final JsonMapper JSON = new JsonMapper();

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            delimiter = '|',
            value = {
                "{'a': 1, 'b': {'c': [1, 2]}} | {'b': {'c': [1, 2]}, 'a': 1} |",
                "{'a': 1, 'b': 2}             | {'a': 1, 'b': 3}             | /b 2 3",
                "{'a': {'b': 'x'}}            | {'a': {'b': 'y'}}            | /a/b 'x' 'y'",
                "{'a': [{'b': 1}, {'b': 2}]}  | {'a': [{'b': 1}, {'b': 3}]}  | /a/1/b 2 3",
                "{'a': [1]}                   | {'a': [1, 2]}                | /a/1 null 2",
                "{'a': [1, 2]}                | {'a': []}                    | /a/0 1 null, /a/1 2 null",
                "{'a': 1}                     | {'b': 1}                     | /a 1 null, /b null 1",
                "{'a': null}                  | {'a': 1}                     | /a null 1",
                "{'a': {'b': 1}}              | {'a': [1]}                   | /a {'b':1} [1]",
                "{'a/b': 1}                   | {'a/b': 2}                   | /a~1b 1 2",
            })
    void namesEachValueThatDiffers(String before, String after, @Nullable String differences) throws Exception {
        assertThat(Difference.between(json(before), json(after)))
                .extracting(each -> "%s %s %s"
                        .formatted(each.path(), each.before(), each.after())
                        .replace('"', '\''))
                .isEqualTo(
                        differences == null
                                ? List.of()
                                : List.of(differences.split(", /")).stream()
                                        .map(each -> each.startsWith("/") ? each : "/" + each)
                                        .toList());
    }

    private static JsonNode json(String text) throws JsonProcessingException {
        return JSON.readTree(text.replace('\'', '"'));
    }
}
