package dev.afterimage.projection.web;

import static java.util.Objects.requireNonNull;
import static org.eclipse.microprofile.openapi.OASFactory.createSchema;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
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

    private final IndexView index;

    /** @param index the classes of the service; the simple name of a record is the name of its schema */
    Schemas(IndexView index) {
        this.index = index;
    }

    void complete(String name, Schema schema) {
        var members = schema.getProperties();
        if (members == null || schema.getAdditionalPropertiesBoolean() != null) {
            return;
        }
        if (schema.getRequired() != null) {
            schema.setAdditionalPropertiesBoolean(false);
            return;
        }
        schema.setRequired(List.copyOf(members.keySet()));
        var records = index.getKnownClasses().stream()
                .filter(type -> type.isRecord() && type.simpleName().equals(name))
                .toList();
        var omits = records.stream().anyMatch(type -> type.hasDeclaredAnnotation(JsonInclude.class));
        records.stream()
                .flatMap(type -> type.recordComponents().stream())
                .filter(component -> component.type().hasAnnotation(NULLABLE))
                .map(RecordComponentInfo::name)
                .filter(members::containsKey) // not a member of another record of this name
                .distinct()
                .forEach(member -> mayLack(schema, member, omits));
    }

    private static void mayLack(Schema schema, String member, boolean omits) {
        var property = requireNonNull(schema.getProperties().get(member));
        if (omits) {
            schema.removeRequired(member);
        } else if (property.getRef() == null) {
            property.addType(SchemaType.NULL);
        } else {
            var none = createSchema().addType(SchemaType.NULL);
            schema.addProperty(member, createSchema().anyOf(List.of(property, none)));
        }
    }
}
