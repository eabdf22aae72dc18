package dev.afterimage.projection.http;

import io.quarkus.test.junit.QuarkusIntegrationTest;

/** The same on the packaged service, as a jar or as a native executable. */
@QuarkusIntegrationTest
class SecurityIT extends SecurityTest {}
