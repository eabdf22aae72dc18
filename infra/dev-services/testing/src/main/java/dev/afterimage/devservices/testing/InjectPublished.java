package dev.afterimage.devservices.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Injects the events that the outbox publishes since the beginning of each test method. For a field of type {@link
 * PublishedEvents} of a {@code @QuarkusTest} or {@code @QuarkusIntegrationTest}.
 */
@Target(ElementType.FIELD)
@Retention(RetentionPolicy.RUNTIME)
public @interface InjectPublished {}
