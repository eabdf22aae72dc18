package dev.afterimage.projection.web;

import static java.util.Objects.requireNonNullElse;

import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.PathItem.HttpMethod;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.parameters.Parameter;

/**
 * What an operation of the OpenAPI document takes and answers. It decides which problems the operation may answer.
 *
 * @param schemas all schemas of the document, by name
 */
record Shape(HttpMethod method, Operation operation, Map<String, Schema> schemas) {

    boolean changes() {
        return method != HttpMethod.GET;
    }

    boolean takesBody() {
        return operation.getRequestBody() != null;
    }

    List<Parameter> parameters() {
        return requireNonNullElse(operation.getParameters(), List.of());
    }

    /** @param parameter the name of a path or query parameter or of a header */
    boolean takes(String parameter) {
        return parameters().stream().anyMatch(each -> each.getName().equals(parameter));
    }

    boolean needsRole() {
        return operation.getSecurity() != null && !operation.getSecurity().isEmpty();
    }

    boolean answersJson() {
        return answers().findAny().isPresent();
    }

    /** Everything but a stream does. */
    boolean usesDatabase() {
        return changes() || answersJson();
    }

    /** Whether the answer has an entity tag. */
    boolean isVersioned() {
        return answers()
                .flatMap(schema -> Stream.ofNullable(schema.getRef()))
                .flatMap(reference -> Stream.ofNullable(schemas.get(reference.replaceFirst(".*/", ""))))
                .anyMatch(schema ->
                        schema.getProperties() != null && schema.getProperties().containsKey("version"));
    }

    /** Whether the operation evaluates the preconditions of its caller on an entity tag. */
    boolean isGuarded() {
        return method == HttpMethod.PUT || method == HttpMethod.DELETE || (method == HttpMethod.GET && isVersioned());
    }

    boolean declares(ProblemType type) {
        return operation.getExtensions() != null
                && operation.getExtensions().get(ProblemType.DECLARED) instanceof String names
                && List.of(names.split(" ")).contains(type.name());
    }

    /** The names of the headers of an answer. */
    List<String> headers(String status) {
        return switch (status) {
            case "200" ->
                takes("after") ? List.of(HttpHeaders.LINK) : isVersioned() ? List.of(HttpHeaders.ETAG) : List.of();
            case "201", "202" ->
                isVersioned() ? List.of(HttpHeaders.LOCATION, HttpHeaders.ETAG) : List.of(HttpHeaders.LOCATION);
            case "401" -> List.of(HttpHeaders.WWW_AUTHENTICATE);
            case "503" -> List.of(HttpHeaders.RETRY_AFTER);
            default -> List.of();
        };
    }

    /** The schemas of the JSON documents that the operation answers if it succeeds. */
    private Stream<Schema> answers() {
        return operation.getResponses().getAPIResponses().values().stream()
                .flatMap(answer -> Stream.ofNullable(answer.getContent()))
                .flatMap(content -> Stream.ofNullable(content.getMediaType(MediaType.APPLICATION_JSON)))
                .flatMap(json -> Stream.ofNullable(json.getSchema()));
    }
}
