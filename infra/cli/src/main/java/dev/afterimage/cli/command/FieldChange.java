package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A value in which two images differ.
 *
 * @param path such as {@code items[0].quantity}; empty for the whole image
 * @param before null if the value did not exist before
 * @param after null if the value does not exist any more
 */
record FieldChange(
        String path, @Nullable JsonNode before, @Nullable JsonNode after) {

    /** The smallest values that differ, in the order of the fields. */
    static List<FieldChange> between(JsonNode before, JsonNode after) {
        List<FieldChange> changes = new ArrayList<>();
        collect("", before, after, changes);
        return changes;
    }

    private static void collect(
            String path, @Nullable JsonNode before, @Nullable JsonNode after, List<FieldChange> changes) {
        if (before != null && after != null && before.isObject() && after.isObject()) {
            Set<String> names = new LinkedHashSet<>();
            before.fieldNames().forEachRemaining(names::add);
            after.fieldNames().forEachRemaining(names::add);
            for (String name : names) {
                collect(path.isEmpty() ? name : path + "." + name, before.get(name), after.get(name), changes);
            }
        } else if (before != null && after != null && before.isArray() && after.isArray()) {
            for (int i = 0; i < Math.max(before.size(), after.size()); i++) {
                collect(path + "[" + i + "]", before.get(i), after.get(i), changes);
            }
        } else if (before == null || !before.equals(after)) {
            changes.add(new FieldChange(path, before, after));
        }
    }
}
