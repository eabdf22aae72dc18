package dev.afterimage.shop.web;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.shop.idempotency.Idempotency;
import dev.afterimage.shop.web.Problem.FieldError;
import io.quarkus.smallrye.openapi.OpenApiFilter;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
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
import org.eclipse.microprofile.openapi.models.parameters.Parameter.In;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;
import org.jspecify.annotations.Nullable;

/**
 * Completes the OpenAPI document from the shape of each operation: the problems that it may answer, each with an
 * example, the headers of its answers, and the parameters that all resources share. A resource class describes only its
 * own conflicts.
 */
@OpenApiFilter(stages = OpenApiFilter.RunStage.BUILD)
public class ApiDocument implements OASFilter {
    /**
     * The extension in which an operation names the problem type of its 409. This filter removes it from the document.
     */
    public static final String CONFLICTS = "x-conflicts";

    private static final String ID = "0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e01";
    private static final String SCHEMAS = "#/components/schemas/";

    private final ObjectMapper json = new ObjectMapper();

    @Override
    public void filterOpenAPI(OpenAPI document) {
        var components = document.getComponents();
        components.getSchemas().values().forEach(ApiDocument::close);
        components.addSchema("Problem", problem());
        document.getPaths().getPathItems().values().forEach(path -> path.getOperations()
                .forEach((method, operation) -> describe(method, operation, components)));
    }

    /**
     * A request with an unknown field is refused. An answer leaves out a field only if it is null; later versions may
     * add fields.
     */
    private static void close(Schema schema) {
        if (schema.getProperties() == null) {
            return;
        }
        if (schema.getRequired() == null) {
            schema.setRequired(schema.getProperties().entrySet().stream()
                    .filter(property -> !types(property.getValue()).contains(SchemaType.NULL))
                    .map(Map.Entry::getKey)
                    .toList());
            return;
        }
        schema.setAdditionalPropertiesBoolean(false);
        for (var property : schema.getProperties().values()) {
            if (property.getMinimum() != null && types(property).contains(SchemaType.STRING)) {
                property.addType(SchemaType.NUMBER); // money; a request may write it as a string or as a number
            }
        }
    }

    private void describe(HttpMethod method, Operation operation, Components components) {
        if (isGuarded(method, operation, components)) {
            operation.addParameter(header(HttpHeaders.IF_MATCH));
            operation.addParameter(header(HttpHeaders.IF_NONE_MATCH));
        }
        var problems = problems(method, operation);
        for (var parameter : parameters(operation)) {
            describe(parameter);
        }
        var answers = new TreeMap<>(operation.getResponses().getAPIResponses());
        for (var status : List.copyOf(answers.keySet())) {
            var answer = Objects.requireNonNull(answers.get(status));
            if (status.equals("201") || status.equals("202")) {
                answer.addHeader(HttpHeaders.LOCATION, header("The address of the resource", true));
            }
            var schema = schema(answer);
            if (schema != null && types(schema).contains(SchemaType.ARRAY)) {
                answer.setDescription("A page");
                answer.addHeader(HttpHeaders.LINK, header("The next page, as rel=\"next\", if there is one", false));
            } else if (isVersioned(schema, components)) {
                answer.addHeader(HttpHeaders.ETAG, header("The version in double quotes, for If-Match", true));
                if (method == HttpMethod.GET) {
                    answers.put(
                            "304",
                            OASFactory.createAPIResponse()
                                    .description("The resource is still at the version of If-None-Match")
                                    .addHeader(HttpHeaders.ETAG, header("That version", true)));
                }
            }
        }
        problems.stream()
                .collect(groupingBy(type -> Integer.toString(type.status())))
                .forEach((status, types) -> answers.put(status, refusal(types, components)));
        operation.getResponses().setAPIResponses(answers);
    }

    private static List<ProblemType> problems(HttpMethod method, Operation operation) {
        var parameters = parameters(operation).stream().map(Parameter::getName).toList();
        var hasId = parameters(operation).stream().anyMatch(parameter -> parameter.getIn() == In.PATH);
        var hasBody = operation.getRequestBody() != null;
        var problems = new ArrayList<ProblemType>();
        if (hasBody) {
            problems.addAll(List.of(
                    ProblemType.INVALID_REQUEST,
                    ProblemType.MALFORMED_JSON,
                    ProblemType.BODY_TOO_LARGE,
                    ProblemType.UNSUPPORTED_MEDIA_TYPE));
        } else if (parameters(operation).stream().anyMatch(parameter -> parameter.getIn() != In.PATH)) {
            problems.add(ProblemType.INVALID_REQUEST);
        }
        if (operation.getSecurity() != null && !operation.getSecurity().isEmpty()) {
            problems.addAll(List.of(ProblemType.UNAUTHENTICATED, ProblemType.FORBIDDEN));
        }
        if (hasId) {
            problems.addAll(List.of(ProblemType.UNKNOWN_ID, ProblemType.UNKNOWN_ADDRESS));
        }
        if (operation.getResponses().getAPIResponses().values().stream().anyMatch(answer -> schema(answer) != null)) {
            problems.add(ProblemType.NOT_ACCEPTABLE);
        }
        if (operation.getExtensions() != null && operation.getExtensions().get(CONFLICTS) instanceof String conflict) {
            problems.add(ProblemType.valueOf(conflict));
            operation.removeExtension(CONFLICTS);
        }
        if (parameters.contains(HttpHeaders.IF_MATCH)) {
            problems.add(ProblemType.VERSION_MOVED);
        }
        if (parameters.contains(Idempotency.HEADER)) {
            problems.add(ProblemType.KEY_REUSED);
        }
        if (method != HttpMethod.GET) {
            problems.add(ProblemType.COLLISION);
        }
        problems.add(ProblemType.DATABASE_AWAY);
        return problems;
    }

    private APIResponse refusal(List<ProblemType> types, Components components) {
        var content =
                OASFactory.createMediaType().schema(OASFactory.createSchema().ref(SCHEMAS + "Problem"));
        for (var type : types) {
            components.addExample(
                    name(type),
                    OASFactory.createExample()
                            .summary(type.title())
                            .value(json.convertValue(example(type), Map.class)));
            content.addExample(name(type), OASFactory.createExample().ref("#/components/examples/" + name(type)));
        }
        var refusal = OASFactory.createAPIResponse()
                .description(types.stream().map(ProblemType::title).collect(joining(", or: ")))
                .content(OASFactory.createContent().addMediaType(Problem.MEDIA_TYPE, content));
        if (types.contains(ProblemType.UNAUTHENTICATED)) {
            refusal.addHeader(HttpHeaders.WWW_AUTHENTICATE, header("What is wrong with the token", true));
        }
        if (types.contains(ProblemType.DATABASE_AWAY)) {
            refusal.addHeader(HttpHeaders.RETRY_AFTER, header("Seconds after which to try again", true));
        }
        return refusal;
    }

    private static void describe(Parameter parameter) {
        switch (parameter.getName()) {
            case "id" -> parameter.setDescription("Its id");
            case Idempotency.HEADER ->
                parameter
                        .description(
                                "Makes the request safe to repeat: for 24 hours the same key and body of a caller get"
                                        + " the first answer again, and the work is not repeated. A refusal is not"
                                        + " stored.")
                        .schema(string().minLength(1).maxLength(255).pattern("^[!-~]*$"))
                        .example("3f2b7c1e-order-of-ada");
            case HttpHeaders.IF_MATCH ->
                parameter
                        .description("Refuses the request unless the resource has this version, as in its ETag. * or no"
                                + " header accepts any version.")
                        .schema(string().minLength(1))
                        .example("\"3\"");
            case HttpHeaders.IF_NONE_MATCH ->
                parameter
                        .description("The version that the client has, as in the ETag. If the version is current, a GET"
                                + " answers 304, and a change is refused.")
                        .schema(string().minLength(1))
                        .example("\"3\"");
            case Query.LIMIT ->
                parameter
                        .description("Maximum number of rows")
                        .schema(OASFactory.createSchema()
                                .addType(SchemaType.INTEGER)
                                .minimum(BigDecimal.ONE)
                                .maximum(BigDecimal.valueOf(Query.MAX_LIMIT))
                                .defaultValue(Query.DEFAULT_LIMIT));
            case Query.AFTER ->
                parameter
                        .description("Only rows after this id; the Link of the previous page contains it")
                        .schema(OASFactory.createSchema().ref(SCHEMAS + "UUID"));
            default -> {} // a parameter of one resource, described there
        }
    }

    private static Parameter header(String name) {
        return OASFactory.createParameter().name(name).in(In.HEADER);
    }

    private static Schema problem() {
        return OASFactory.createSchema()
                .addType(SchemaType.OBJECT)
                .description("RFC 9457. Some types have additional members; see the examples.")
                .required(List.of("type", "title", "status"))
                .addProperty(
                        "type",
                        string().format("uri")
                                .description("Stable; clients distinguish problems by this member")
                                .enumeration(Arrays.stream(ProblemType.values())
                                        .<Object>map(ProblemType::uri)
                                        .toList()))
                .addProperty("title", string().description("For people; may change"))
                .addProperty("status", OASFactory.createSchema().addType(SchemaType.INTEGER))
                .addProperty("detail", string().description("For people; may change"))
                .addProperty(
                        "errors",
                        OASFactory.createSchema()
                                .addType(SchemaType.ARRAY)
                                .description("The invalid fields")
                                .items(OASFactory.createSchema()
                                        .addType(SchemaType.OBJECT)
                                        .required(List.of("field", "message"))
                                        .addProperty("field", string().description("as in items[0].quantity"))
                                        .addProperty("message", string())));
    }

    /** An example with the service's own words, taken from the code where this package can reach it. */
    private static Problem example(ProblemType type) {
        return switch (type) {
            case INVALID_REQUEST ->
                Problem.invalid(List.of(new FieldError("items[0].quantity", "must be greater than or equal to 1")));
            case MALFORMED_JSON ->
                Problem.of(type, "Line 1, column 14.", List.of(new FieldError("customerId", "is not valid JSON")));
            case UNAUTHENTICATED -> Problem.of(type, Problems.NO_TOKEN);
            case FORBIDDEN -> Problem.of(type, Problems.NO_ROLE);
            case UNKNOWN_ID -> new Refusal.UnknownId("order", ID).problem();
            case DUPLICATE -> new Refusal.Duplicate("customer", "email").problem();
            case IN_USE -> Problem.of(type, "The customer has orders: delete these first.");
            case TRANSITION_NOT_ALLOWED ->
                Problem.of(
                        type,
                        "An order that is PAID cannot become DELIVERED.",
                        Map.of("from", "PAID", "to", "DELIVERED"));
            case ITEMS_FIXED ->
                Problem.of(type, "The items of an order that is PAID no longer change.", Map.of("orderStatus", "PAID"));
            case SNAPSHOT_RUNNING ->
                Problem.of(type, "Wait for the snapshot of orders that is running.", Map.of("aggregate", "order"));
            case VERSION_MOVED -> new Refusal.VersionMoved("order", 4).problem();
            case BODY_TOO_LARGE -> Problem.of(type, "It may have 262144 bytes at the most.");
            case KEY_REUSED -> new Refusal.KeyReused().problem();
            case COLLISION -> Problem.of(type, Problems.UNDONE);
            case DATABASE_AWAY -> Problem.of(type, Problems.UNCERTAIN);
            case UNKNOWN_ADDRESS, METHOD_NOT_ALLOWED, NOT_ACCEPTABLE, UNSUPPORTED_MEDIA_TYPE, FAILED ->
                Problem.of(type, null);
        };
    }

    private static List<Parameter> parameters(Operation operation) {
        return Objects.requireNonNullElse(operation.getParameters(), List.of());
    }

    private static @Nullable Schema schema(APIResponse answer) {
        var content = answer.getContent() == null ? null : answer.getContent().getMediaType(MediaType.APPLICATION_JSON);
        return content == null ? null : content.getSchema();
    }

    /** Whether the operation reads or changes a resource that has an entity tag. */
    private static boolean isGuarded(HttpMethod method, Operation operation, Components components) {
        return switch (method) {
            case GET ->
                operation.getResponses().getAPIResponses().values().stream()
                        .anyMatch(answer -> isVersioned(schema(answer), components));
            case PUT, DELETE -> true;
            default -> false;
        };
    }

    private static boolean isVersioned(@Nullable Schema schema, Components components) {
        if (schema == null || schema.getRef() == null) {
            return false;
        }
        var referred = components.getSchemas().get(schema.getRef().substring(SCHEMAS.length()));
        return referred != null
                && referred.getProperties() != null
                && referred.getProperties().containsKey("version");
    }

    private static List<SchemaType> types(Schema schema) {
        return Objects.requireNonNullElse(schema.getType(), List.of());
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

    /** The last part of the type's urn. */
    private static String name(ProblemType type) {
        return type.uri().substring(type.uri().lastIndexOf(':') + 1);
    }
}
