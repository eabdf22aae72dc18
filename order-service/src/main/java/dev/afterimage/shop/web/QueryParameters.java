package dev.afterimage.shop.web;

import dev.afterimage.shop.Refusal;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.UriInfo;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Refuses a query parameter that is unknown, empty or repeated. Ignoring it would answer another question: all orders
 * instead of those of one customer, or a row without the wait for its version.
 */
class QueryParameters {

    /** An empty value means the first page, so that a client can use one address for all pages. */
    private static final String FIRST_PAGE = "after";

    @ServerRequestFilter
    void check(ResourceInfo resource, UriInfo uri) {
        var given = uri.getQueryParameters();
        if (given.isEmpty()) {
            return;
        }
        Set<String> known = Arrays.stream(resource.getResourceMethod().getParameters())
                .filter(parameter -> parameter.isAnnotationPresent(RestQuery.class))
                .map(Parameter::getName)
                .collect(Collectors.toSet());
        List<Refusal.Field> invalid = new ArrayList<>();
        given.forEach((name, values) -> {
            if (!known.contains(name)) {
                invalid.add(new Refusal.Field(name, "is not a parameter of this address"));
            } else if (values.size() > 1 || (values.getFirst().isBlank() && !name.equals(FIRST_PAGE))) {
                invalid.add(new Refusal.Field(name, "must be present once and not empty, or absent"));
            }
        });
        if (!invalid.isEmpty()) {
            throw Refusal.invalid(invalid);
        }
    }
}
