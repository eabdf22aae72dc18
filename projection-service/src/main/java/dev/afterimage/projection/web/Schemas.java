package dev.afterimage.projection.web;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toSet;
import static org.eclipse.microprofile.openapi.OASFactory.createSchema;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
import org.jboss.jandex.ClassInfo;
import org.jboss.jandex.DotName;
import org.jboss.jandex.IndexView;
import org.jboss.jandex.RecordComponentInfo;
import org.jspecify.annotations.Nullable;

/**
 * Completes the schemas of the OpenAPI document. The schema of a request has required members; a request with an unknown
 * member is refused. An answer contains all members of its record, unless the record omits nulls.
 */
final class Schemas {

    private static final DotName NULLABLE = DotName.createSimple(Nullable.class);

    private final Map<String, Set<String>> nullable;
    private final Set<String> omitting;

    /** @param index the classes of the service; the simple name of a record is the name of its schema */
    Schemas(IndexView index) {
        List<ClassInfo> records =
                index.getKnownClasses().stream().filter(ClassInfo::isRecord).toList();
        nullable = records.stream()
                .flatMap(type -> type.recordComponents().stream())
                .filter(component -> component.type().hasAnnotation(NULLABLE))
                .collect(groupingBy(
                        component -> component.declaringClass().simpleName(),
                        mapping(RecordComponentInfo::name, toSet())));
        omitting = records.stream()
                .filter(type -> type.hasDeclaredAnnotation(JsonInclude.class))
                .map(ClassInfo::simpleName)
                .collect(toSet());
    }

    void complete(String name, Schema schema) {
        if (schema.getProperties() == null || schema.getAdditionalPropertiesBoolean() != null) {
            return;
        }
        if (schema.getRequired() != null) {
            schema.setAdditionalPropertiesBoolean(false);
            return;
        }
        var required = new ArrayList<>(schema.getProperties().keySet());
        for (var member : nullable.getOrDefault(name, Set.of())) {
            var property = schema.getProperties().get(member);
            if (property == null) {
                continue; // a member of another record of this name
            }
            if (omitting.contains(name)) {
                required.remove(member);
            } else if (property.getRef() == null) {
                property.addType(SchemaType.NULL);
            } else {
                var none = createSchema().addType(SchemaType.NULL);
                schema.addProperty(member, createSchema().anyOf(List.of(property, none)));
            }
        }
        schema.setRequired(required);
    }
}
