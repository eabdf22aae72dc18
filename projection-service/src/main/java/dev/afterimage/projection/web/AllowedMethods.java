package dev.afterimage.projection.web;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkiverse.resteasy.problem.HttpProblem;
import jakarta.inject.Singleton;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.util.Locale;
import java.util.TreeSet;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;

/**
 * Sets {@code Allow} to the methods of an address, as the OpenAPI document lists them. HTTP requires this header in a
 * 405. RESTEasy leaves it out of a 405; and it answers OPTIONS with the methods of all addresses of the resource class,
 * even for an unknown address.
 */
@Singleton
class AllowedMethods {

    private static final String DOCUMENT = "/META-INF/quarkus-generated-openapi-doc.JSON";

    private final JsonNode paths;

    AllowedMethods(ObjectMapper json) throws IOException {
        try (var document = AllowedMethods.class.getResourceAsStream(DOCUMENT)) {
            paths = json.readTree(document).path("paths");
        }
    }

    @ServerResponseFilter
    void allow(ContainerRequestContext request, ContainerResponseContext response, UriInfo uri) {
        var isOptions = request.getMethod().equals(HttpMethod.OPTIONS) && response.getStatus() == 200;
        if (!isOptions && response.getStatus() != 405) {
            return;
        }
        var methods = new TreeSet<String>();
        for (var path : paths.properties()) {
            if (uri.getPath().matches("/*" + path.getKey().replaceAll("\\{[^}]*}", "[^/]+") + "/*")) {
                methods.add(HttpMethod.OPTIONS);
                path.getValue().fieldNames().forEachRemaining(method -> methods.add(method.toUpperCase(Locale.ROOT)));
            }
        }
        if (methods.contains(HttpMethod.GET)) {
            methods.add(HttpMethod.HEAD);
        }
        if (methods.isEmpty()) {
            response.setStatus(404);
            response.getHeaders().remove(HttpHeaders.ALLOW);
            response.setEntity(
                    ProblemType.UNKNOWN_ADDRESS.problem(null).build(), new Annotation[0], HttpProblem.MEDIA_TYPE);
        } else {
            response.getHeaders().putSingle(HttpHeaders.ALLOW, String.join(", ", methods));
        }
    }
}
