package dev.afterimage.devservices.testing;

import io.quarkus.test.junit.callback.QuarkusTestAfterEachCallback;
import io.quarkus.test.junit.callback.QuarkusTestBeforeEachCallback;
import io.quarkus.test.junit.callback.QuarkusTestMethodContext;
import java.lang.reflect.Field;
import java.util.List;
import java.util.stream.Stream;

/** Called by Quarkus around each test method; see {@link InjectPublished}. */
public final class PublishedEventsInjector implements QuarkusTestBeforeEachCallback, QuarkusTestAfterEachCallback {

    @Override
    public void beforeEach(QuarkusTestMethodContext context) {
        for (Field field : fields(context.getTestInstance())) {
            try {
                field.set(context.getTestInstance(), PublishedEvents.fromNowOn());
            } catch (IllegalAccessException e) {
                throw new IllegalStateException("Cannot set " + field + " of the test", e);
            }
        }
    }

    @Override
    public void afterEach(QuarkusTestMethodContext context) {
        for (Field field : fields(context.getTestInstance())) {
            try {
                if (field.get(context.getTestInstance()) instanceof PublishedEvents events) {
                    events.close();
                }
            } catch (IllegalAccessException e) {
                throw new IllegalStateException("Cannot read " + field + " of the test", e);
            }
        }
    }

    private static List<Field> fields(Object test) {
        return Stream.<Class<?>>iterate(test.getClass(), type -> type != Object.class, Class::getSuperclass)
                .flatMap(type -> Stream.of(type.getDeclaredFields()))
                .filter(field -> field.isAnnotationPresent(InjectPublished.class))
                .peek(field -> field.setAccessible(true))
                .toList();
    }
}
