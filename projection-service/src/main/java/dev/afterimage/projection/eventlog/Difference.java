package dev.afterimage.projection.eventlog;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * One value that differs between two images.
 *
 * @param path the JSON Pointer of the value; elements of a list are compared index by index
 * @param before null if the value did not exist before
 * @param after null if the value no longer exists
 */
@RegisterForReflection
public record Difference(
        @Schema(description = "The place of the value, as a JSON Pointer", examples = "/items/0/quantity")
        String path,

        @Nullable JsonNode before,
        @Nullable JsonNode after) {

    /** All differences, in the order of the fields; empty if the images are equal. */
    static List<Difference> between(JsonNode before, JsonNode after) {
        List<Difference> differences = new ArrayList<>();
        collect(JsonPointer.empty(), before, after, differences);
        return differences;
    }

    private static void collect(
            JsonPointer path, @Nullable JsonNode before, @Nullable JsonNode after, List<Difference> differences) {
        if (before != null && after != null && before.isObject() && after.isObject()) {
            Set<String> names = new LinkedHashSet<>();
            before.fieldNames().forEachRemaining(names::add);
            after.fieldNames().forEachRemaining(names::add);
            for (String name : names) {
                collect(path.appendProperty(name), before.get(name), after.get(name), differences);
            }
        } else if (before != null && after != null && before.isArray() && after.isArray()) {
            for (int i = 0; i < Math.max(before.size(), after.size()); i++) {
                collect(path.appendIndex(i), before.get(i), after.get(i), differences);
            }
        } else if (before == null || !before.equals(after)) {
            differences.add(new Difference(path.toString(), before, after));
        }
    }
}
