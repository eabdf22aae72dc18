package dev.afterimage.shop.web;

import dev.afterimage.shop.Refusal;
import jakarta.enterprise.inject.spi.CDI;
import jakarta.inject.Singleton;
import jakarta.validation.ConstraintViolation;
import jakarta.validation.ElementKind;
import jakarta.validation.Path;
import jakarta.validation.Validator;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.UriInfo;
import jakarta.ws.rs.ext.ParamConverter;
import jakarta.ws.rs.ext.ParamConverterProvider;
import jakarta.ws.rs.ext.Provider;
import java.lang.annotation.Annotation;
import java.lang.reflect.Parameter;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.StreamSupport;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

/** Reads path and query parameters in exactly one form; Bean Validation then checks the values. */
@Provider
@Singleton
class Parameters implements ParamConverterProvider {

    static final String BODY = "body";

    /** @param rule describes the form to the client */
    private record Form(String rule, Function<String, ?> reader) {}

    private static final Form WHOLE = new Form("must be a number", text -> Long.valueOf(matching("[0-9]{1,18}", text)));
    private static final Map<Class<?>, Form> FORMS = Map.of(
            String.class,
            new Form("must be text", text -> matching("[^\\x00]*", text)), // PostgreSQL cannot store NUL
            UUID.class,
            // UUID.fromString also accepts other forms
            new Form(
                    "must be a UUID",
                    text -> UUID.fromString(matching("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text))),
            int.class,
            new Form("must be a number", text -> Integer.valueOf(matching("[0-9]{1,9}", text))),
            long.class,
            WHOLE,
            Long.class,
            WHOLE,
            BigDecimal.class,
            new Form(
                    "must be a number like 59.80",
                    text -> new BigDecimal(matching("[0-9]{1,100}(\\.[0-9]{1,100})?", text))),
            Duration.class,
            new Form("must be like 500ms, 2s, 10m, 12h or 7d", Parameters::duration));

    private final Validator validator;

    Parameters(Validator validator) {
        this.validator = validator;
    }

    static final class Unreadable extends IllegalArgumentException {

        Unreadable(String rule) {
            super(rule);
        }
    }

    /**
     * Reads a value of one of the {@link #FORMS}, an enum, or a type with a method {@code static T fromString(String)}.
     *
     * @throws Unreadable when the text has another form
     */
    static Object read(Class<?> type, String text) {
        var form = FORMS.getOrDefault(
                type,
                type.isEnum()
                        ? new Form(
                                "must be one of " + Arrays.toString(type.getEnumConstants()),
                                name -> constant(type, name))
                        : new Form("must come from a Link header", cursor -> fromString(type, cursor)));
        try {
            return form.reader().apply(text);
        } catch (IllegalArgumentException e) {
            throw new Unreadable(form.rule());
        }
    }

    private static String matching(String pattern, String text) {
        if (!text.matches(pattern)) {
            throw new IllegalArgumentException("another form is needed");
        }
        return text;
    }

    private static Object constant(Class<?> type, String name) {
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> ((Enum<?>) constant).name().equals(name))
                .findFirst()
                .orElseThrow(IllegalArgumentException::new);
    }

    private static Duration duration(String text) {
        matching("[0-9]{1,5}(ms|s|m|h|d)", text);
        return text.endsWith("ms")
                ? Duration.ofMillis(Long.parseLong(text.replace("ms", "")))
                : Duration.parse((text.endsWith("d") ? "P" : "PT") + text);
    }

    private static Object fromString(Class<?> type, String text) {
        try {
            return type.getMethod("fromString", String.class).invoke(null, text);
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Override
    public <T> ParamConverter<T> getConverter(Class<T> type, @Nullable Type generic, Annotation[] annotations) {
        return new ParamConverter<>() {
            @Override
            @SuppressWarnings("unchecked") // also for a primitive type
            public T fromString(String text) {
                return (T) read(type, text);
            }

            @Override
            public String toString(T value) {
                return value.toString();
            }
        };
    }

    /** The fields and parameters that violate a constraint. */
    static List<Refusal.Field> invalid(Set<ConstraintViolation<?>> violations, ResourceInfo resource) {
        var declared = resource.getResourceMethod().getParameters();
        return violations.stream()
                .sorted(Comparator.<ConstraintViolation<?>>comparingInt(Parameters::index)
                        .thenComparing(violation -> violation.getPropertyPath().toString())
                        .thenComparing(ConstraintViolation::getMessage))
                .map(violation -> field(violation, declared))
                .toList();
    }

    /**
     * All invalid path and query parameters of a request in which one is unreadable. RESTEasy itself stops at the first
     * one, before Bean Validation.
     */
    List<Refusal.Field> invalid(ResourceInfo resource, UriInfo uri) {
        var method = resource.getResourceMethod();
        var declared = method.getParameters();
        @Nullable Object[] values = new @Nullable Object[declared.length];
        var invalid = new TreeMap<Integer, Refusal.Field>();
        for (int i = 0; i < declared.length; i++) {
            var name = declared[i].getName();
            var text = declared[i].isAnnotationPresent(RestPath.class)
                    ? uri.getPathParameters().getFirst(name)
                    : isInAddress(declared[i]) ? uri.getQueryParameters().getFirst(name) : null;
            try {
                values[i] = text == null ? null : read(declared[i].getType(), text);
            } catch (Unreadable e) {
                invalid.put(i, new Refusal.Field(name, String.valueOf(e.getMessage())));
            }
        }
        var bean = CDI.current().select(resource.getResourceClass()).get();
        for (var violation : validator.forExecutables().<Object>validateParameters(bean, method, values)) {
            if (values[index(violation)] != null) {
                invalid.put(index(violation), field(violation, declared));
            }
        }
        return List.copyOf(invalid.values());
    }

    private static boolean isInAddress(Parameter parameter) {
        return parameter.isAnnotationPresent(RestPath.class) || parameter.isAnnotationPresent(RestQuery.class);
    }

    /** The position of the parameter in the method. */
    private static int index(ConstraintViolation<?> violation) {
        return StreamSupport.stream(violation.getPropertyPath().spliterator(), false)
                .filter(node -> node.getKind() == ElementKind.PARAMETER)
                .mapToInt(node -> node.as(Path.ParameterNode.class).getParameterIndex())
                .findFirst()
                .orElseThrow();
    }

    /** Removes the method and the name of the body from the path: "place.request.items[0]" becomes "items[0]". */
    private static Refusal.Field field(ConstraintViolation<?> violation, Parameter[] declared) {
        var path = violation
                .getPropertyPath()
                .toString()
                .replaceAll("\\.?<[^>]*>$", "")
                .split("\\.", 3);
        var name = isInAddress(declared[index(violation)]) ? path[1] : BODY;
        return new Refusal.Field(path.length == 3 ? path[2] : name, violation.getMessage());
    }
}
