package dev.afterimage.projection.web;

import static java.util.Objects.requireNonNullElse;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;

import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.smallrye.openapi.OpenApiFilter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.Components;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.PathItem.HttpMethod;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;
import org.jboss.jandex.IndexView;

/**
 * Completes the OpenAPI document from the shape of each operation: the problems that it may answer, the headers of its
 * answers, and the parameters that operations share. Their texts are in {@code META-INF/openapi.yaml}.
 */
@OpenApiFilter(stages = OpenApiFilter.RunStage.BUILD)
public class ApiDocument implements OASFilter {

    private final Schemas schemas;

    public ApiDocument(IndexView index) {
        schemas = new Schemas(index);
    }

    @Override
    public void filterOpenAPI(OpenAPI document) {
        var shared = document.getComponents();
        shared.getSchemas().forEach(schemas::complete);
        var types = Arrays.stream(ProblemType.values())
                .<Object>map(ProblemType::uri)
                .toList();
        shared.addSchema(
                "ProblemType",
                OASFactory.createSchema().addType(SchemaType.STRING).enumeration(types));
        document.getPaths().getPathItems().values().forEach(path -> path.getOperations()
                .forEach((method, operation) -> complete(method, operation, shared)));
        shared.parameters(null).headers(null).responses(null);
    }

    private static void complete(HttpMethod method, Operation operation, Components shared) {
        var shape = new Shape(method, operation, shared.getSchemas());
        if (shape.isGuarded()) {
            operation.addParameter(shared.getParameters().get("If-Match"));
            operation.addParameter(shared.getParameters().get("If-None-Match"));
        }
        for (var parameter : shape.parameters()) {
            var described = shared.getParameters().get(parameter.getName());
            if (described != null) {
                parameter.description(described.getDescription()).example(described.getExample());
                parameter.schema(requireNonNullElse(described.getSchema(), parameter.getSchema()));
            }
        }
        var answers = new TreeMap<>(operation.getResponses().getAPIResponses());
        if (shape.isVersioned() && method == HttpMethod.GET) {
            answers.put("304", shared.getResponses().get("Not-Modified"));
        }
        Arrays.stream(ProblemType.values())
                .filter(type -> type.occurs(shape))
                .collect(groupingBy(type -> Integer.toString(type.status())))
                .forEach((status, types) -> answers.put(status, refusal(types, shared)));
        answers.forEach((status, answer) -> shape.headers(status)
                .forEach(name -> answer.addHeader(name, shared.getHeaders().get(name))));
        operation.getResponses().setAPIResponses(answers);
        operation.removeExtension(ProblemType.DECLARED);
    }

    @SuppressWarnings("unchecked") // an example of a problem is an object
    private static APIResponse refusal(List<ProblemType> types, Components shared) {
        var content =
                OASFactory.createMediaType().schema(OASFactory.createSchema().ref("Problem"));
        for (var type : types) {
            var members = new LinkedHashMap<>(
                    Map.<String, Object>of("type", type.uri(), "title", type.title(), "status", type.status()));
            var described = shared.getExamples().get(type.label());
            if (described != null) {
                members.putAll((Map<String, ?>) described.getValue());
            }
            shared.addExample(
                    type.label(),
                    OASFactory.createExample().summary(type.title()).value(members));
            content.addExample(type.label(), OASFactory.createExample().ref(type.label()));
        }
        return OASFactory.createAPIResponse()
                .description(types.stream().map(ProblemType::title).collect(joining(", or: ")))
                .content(OASFactory.createContent().addMediaType(HttpProblem.MEDIA_TYPE.toString(), content));
    }
}
