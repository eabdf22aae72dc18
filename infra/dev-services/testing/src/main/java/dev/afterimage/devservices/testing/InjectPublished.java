package dev.afterimage.devservices.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On a field of type {@link PublishedEvents} of a {@code @QuarkusTest} or {@code @QuarkusIntegrationTest}: what the outbox
 * publishes from the beginning of each test method on.
 */
@Target(ElementType.FIELD)
@Retention(RetentionPolicy.RUNTIME)
public @interface InjectPublished {}
