package dev.afterimage.shop.web;

import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.lang.annotation.Annotation;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;
import org.jboss.resteasy.reactive.server.core.CurrentRequestManager;
import org.jboss.resteasy.reactive.server.core.ResteasyReactiveRequestContext;
import org.jboss.resteasy.reactive.server.handlers.ClassRoutingHandler;
import org.jboss.resteasy.reactive.server.mapping.RequestMapper;

/**
 * Sets {@code Allow} to the methods of an address. HTTP requires this header in a 405. RESTEasy leaves it out of a 405;
 * and it answers OPTIONS with the methods of all addresses of the resource class, even for an unknown address.
 */
class AllowedMethods {

    @ServerResponseFilter
    void allow(ContainerRequestContext request, ContainerResponseContext response) {
        var isOptions = request.getMethod().equals(HttpMethod.OPTIONS) && response.getStatus() == 200;
        if (!isOptions && response.getStatus() != 405) {
            return;
        }
        var methods = methods(CurrentRequestManager.get());
        if (methods.isEmpty()) {
            response.setStatus(404);
            response.getHeaders().remove(HttpHeaders.ALLOW);
            response.setEntity(
                    Problem.of(ProblemType.UNKNOWN_ADDRESS, null),
                    new Annotation[0],
                    MediaType.valueOf(Problem.MEDIA_TYPE));
            return;
        }
        response.getHeaders().putSingle(HttpHeaders.ALLOW, String.join(", ", methods));
    }

    /** The methods of the requested address; empty if the address is unknown. */
    private static Set<String> methods(ResteasyReactiveRequestContext request) {
        var match = new RequestMapper<>(request.getDeployment().getClassMappers()).map(request.getPathWithoutPrefix());
        if (match == null) {
            return Set.of();
        }
        var path = match.remaining.isEmpty() ? "/" : match.remaining;
        var methods = Arrays.stream(match.value.handlers)
                .filter(ClassRoutingHandler.class::isInstance)
                .flatMap(routing -> ((ClassRoutingHandler) routing).getMappers().entrySet().stream())
                .filter(mapper -> mapper.getKey() != null && mapper.getValue().map(path) != null)
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(TreeSet::new));
        if (methods.contains(HttpMethod.GET)) {
            methods.add(HttpMethod.HEAD);
        }
        if (!methods.isEmpty()) {
            methods.add(HttpMethod.OPTIONS);
        }
        return methods;
    }
}
