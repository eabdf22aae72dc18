package dev.afterimage.projection.web;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;

import io.quarkus.smallrye.openapi.OpenApiFilter;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.Components;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.PathItem.HttpMethod;
import org.eclipse.microprofile.openapi.models.headers.Header;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
import org.eclipse.microprofile.openapi.models.parameters.Parameter;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;
import org.jboss.jandex.ClassInfo;
import org.jboss.jandex.DotName;
import org.jboss.jandex.IndexView;
import org.jboss.jandex.RecordComponentInfo;
import org.jspecify.annotations.Nullable;

/**
 * Completes the OpenAPI document from the shape of each operation: the problems that it may answer, each with an
 * example, the headers of its answers, and the parameters that all resources share. A resource class describes only its
 * own details.
 */
@OpenApiFilter(stages = OpenApiFilter.RunStage.BUILD)
public class ApiDocument implements OASFilter {

    private static final String PROBLEM = "application/problem+json";
    private static final DotName NULLABLE = DotName.createSimple(Nullable.class);
    private static final String SCHEMAS = "#/components/schemas/";

    /** The nullable members of each record, by the record's simple name, which is also the name of its schema. */
    private final Map<String, Set<String>> nullable;

    public ApiDocument(IndexView index) {
        nullable = index.getKnownClasses().stream()
                .filter(ClassInfo::isRecord)
                .collect(groupingBy(
                        ClassInfo::simpleName,
                        Collectors.flatMapping(
                                record -> record.recordComponents().stream()
                                        .filter(component -> component.type().hasAnnotation(NULLABLE))
                                        .map(RecordComponentInfo::name),
                                Collectors.toSet())));
    }

    @Override
    public void filterOpenAPI(OpenAPI document) {
        Components components = document.getComponents();
        components.getSchemas().forEach(this::require);
        components.addSchema("Problem", problem());
        document.getPaths().getPathItems().values().forEach(path -> path.getOperations()
                .forEach((method, operation) -> describe(method, operation, components)));
    }

    /** Marks all members as required, and the nullable ones as nullable: an answer contains all its members. */
    private void require(String name, Schema schema) {
        if (schema.getProperties() == null || schema.getRequired() != null) {
            return;
        }
        schema.setRequired(List.copyOf(schema.getProperties().keySet()));
        for (String member : nullable.getOrDefault(name, Set.of())) {
            Schema property = schema.getProperties().get(member);
            if (property != null && property.getRef() != null) {
                var none = OASFactory.createSchema().addType(SchemaType.NULL);
                schema.addProperty(member, OASFactory.createSchema().anyOf(List.of(property, none)));
            } else if (property != null) {
                property.addType(SchemaType.NULL);
            }
        }
    }

    private static void describe(HttpMethod method, Operation operation, Components components) {
        boolean versioned = method == HttpMethod.GET
                && operation.getResponses().getAPIResponses().values().stream()
                        .anyMatch(answer -> isVersioned(schema(answer), components));
        if (versioned) {
            operation.addParameter(header(HttpHeaders.IF_MATCH));
            operation.addParameter(header(HttpHeaders.IF_NONE_MATCH));
        }
        parameters(operation).forEach(ApiDocument::describe);
        Set<String> names =
                parameters(operation).stream().map(Parameter::getName).collect(Collectors.toSet());
        var answers = new TreeMap<>(operation.getResponses().getAPIResponses());
        List<ProblemType> problems = problems(operation, names);
        for (APIResponse answer : List.copyOf(answers.values())) {
            if (names.contains("after")) {
                answer.addHeader(HttpHeaders.LINK, header("The next page, as rel=\"next\", if there is one", false));
            }
            if (versioned && isVersioned(schema(answer), components)) {
                answer.addHeader(
                        HttpHeaders.ETAG,
                        header("The version in double quotes; of an order with its customer, both versions", true));
                answers.put(
                        "304",
                        OASFactory.createAPIResponse()
                                .description("The resource is still at the version of If-None-Match")
                                .addHeader(HttpHeaders.ETAG, header("That version", true)));
            }
        }
        problems.stream()
                .collect(groupingBy(type -> type.problem().build().getStatusCode()))
                .forEach((status, types) -> answers.putIfAbsent(status.toString(), refusal(types, components)));
        operation.getResponses().setAPIResponses(answers);
    }

    private static List<ProblemType> problems(Operation operation, Set<String> parameters) {
        List<ProblemType> problems = new ArrayList<>();
        if (parameters(operation).stream().anyMatch(parameter -> parameter.getIn() == Parameter.In.QUERY)) {
            problems.add(ProblemType.INVALID_REQUEST);
        }
        if (parameters.contains("id")) {
            problems.add(ProblemType.UNKNOWN_ID);
        }
        if (parameters.contains(HttpHeaders.IF_MATCH)) {
            problems.add(ProblemType.VERSION_MOVED);
        }
        if (parameters.contains("minVersion")) {
            problems.add(ProblemType.NOT_APPLIED_IN_TIME);
        }
        if (operation.getResponses().getAPIResponses().values().stream().anyMatch(answer -> schema(answer) != null)) {
            problems.add(ProblemType.NOT_ACCEPTABLE);
            problems.add(ProblemType.DATABASE_AWAY);
        }
        return problems;
    }

    private static APIResponse refusal(List<ProblemType> types, Components components) {
        var content =
                OASFactory.createMediaType().schema(OASFactory.createSchema().ref(SCHEMAS + "Problem"));
        for (ProblemType type : types) {
            var problem = type.problem().build();
            String name = String.valueOf(problem.getType()).replaceFirst(".*:", "");
            components.addExample(
                    name,
                    OASFactory.createExample()
                            .summary(problem.getTitle())
                            .value(Map.of(
                                    "type", String.valueOf(problem.getType()),
                                    "title", problem.getTitle(),
                                    "status", problem.getStatusCode())));
            content.addExample(name, OASFactory.createExample().ref("#/components/examples/" + name));
        }
        var refusal = OASFactory.createAPIResponse()
                .description(types.stream()
                        .map(type -> type.problem().build().getTitle())
                        .collect(joining(", or: ")))
                .content(OASFactory.createContent().addMediaType(PROBLEM, content));
        if (types.contains(ProblemType.DATABASE_AWAY)) {
            refusal.addHeader(HttpHeaders.RETRY_AFTER, header("Seconds after which to try again", true));
        }
        return refusal;
    }

    private static void describe(Parameter parameter) {
        switch (parameter.getName()) {
            case "id" -> parameter.setDescription("Its id");
            case HttpHeaders.IF_MATCH ->
                parameter
                        .description("Refuses the request unless this is the entity tag. * or no header accepts any.")
                        .schema(string().minLength(1))
                        .example("\"3\"");
            case HttpHeaders.IF_NONE_MATCH ->
                parameter
                        .description("The version that the client has, as in the ETag; 304 if it is current")
                        .schema(string().minLength(1))
                        .example("\"3\"");
            case "limit" ->
                parameter
                        .description("Maximum number of rows")
                        .schema(OASFactory.createSchema()
                                .addType(SchemaType.INTEGER)
                                .minimum(BigDecimal.ONE)
                                .maximum(BigDecimal.valueOf(Parameters.MAX_LIMIT))
                                .defaultValue(Parameters.DEFAULT_LIMIT));
            case "after" ->
                parameter.setDescription("Only rows after this position; the Link of the previous page contains it");
            case "minVersion" ->
                parameter
                        .description(
                                "Answers once this version or a later one is applied, so that a client reads its own"
                                        + " write")
                        .schema(OASFactory.createSchema()
                                .addType(SchemaType.INTEGER)
                                .format("int64")
                                .minimum(BigDecimal.ZERO));
            case "wait" ->
                parameter
                        .description("How long to wait for minVersion, like 500ms or 2s; at most 30s")
                        .schema(string().pattern("^[0-9]{1,5}(ms|s)$").defaultValue("2s"));
            default -> {} // a parameter of one resource, described there
        }
    }

    private static Parameter header(String name) {
        return OASFactory.createParameter().name(name).in(Parameter.In.HEADER);
    }

    private static Schema problem() {
        return OASFactory.createSchema()
                .addType(SchemaType.OBJECT)
                .description("RFC 9457")
                .required(List.of("type", "title", "status"))
                .addProperty(
                        "type",
                        string().format("uri")
                                .description("Stable; clients distinguish problems by this member")
                                .enumeration(Arrays.stream(ProblemType.values())
                                        .<Object>map(type -> String.valueOf(
                                                type.problem().build().getType()))
                                        .toList()))
                .addProperty("title", string().description("For people; may change"))
                .addProperty("status", OASFactory.createSchema().addType(SchemaType.INTEGER))
                .addProperty("detail", string().description("For people; may change"))
                .addProperty("instance", string().description("The address of the request"))
                .addProperty(
                        "errors",
                        OASFactory.createSchema()
                                .addType(SchemaType.ARRAY)
                                .description("The invalid parameters")
                                .items(OASFactory.createSchema()
                                        .addType(SchemaType.OBJECT)
                                        .required(List.of("field", "message"))
                                        .addProperty("field", string())
                                        .addProperty("message", string())));
    }

    private static List<Parameter> parameters(Operation operation) {
        return Objects.requireNonNullElse(operation.getParameters(), List.of());
    }

    private static @Nullable Schema schema(APIResponse answer) {
        var content = answer.getContent() == null ? null : answer.getContent().getMediaType(MediaType.APPLICATION_JSON);
        return content == null ? null : content.getSchema();
    }

    private static boolean isVersioned(@Nullable Schema schema, Components components) {
        if (schema == null || schema.getRef() == null) {
            return false;
        }
        Schema referred = components.getSchemas().get(schema.getRef().substring(SCHEMAS.length()));
        return referred != null
                && referred.getProperties() != null
                && referred.getProperties().containsKey("version");
    }

    private static Header header(String description, boolean required) {
        return OASFactory.createHeader()
                .description(description)
                .required(required)
                .schema(string());
    }

    private static Schema string() {
        return OASFactory.createSchema().addType(SchemaType.STRING);
    }
}
