package dev.afterimage.projection.web;

import dev.afterimage.testing.RefusedStarts;
import dev.afterimage.testing.TokenIssuer;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
@WithTestResource(TokenIssuer.class)
class StartIT extends RefusedStarts {

    StartIT() {
        super("projection");
    }
}
