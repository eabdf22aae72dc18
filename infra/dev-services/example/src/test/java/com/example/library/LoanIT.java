package com.example.library;

import dev.afterimage.devservices.testing.InjectPublished;
import dev.afterimage.devservices.testing.PublishedEvents;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.junit.jupiter.api.Test;

/** The packaged service, JVM or native. */
@QuarkusIntegrationTest
class LoanIT {

    @InjectPublished
    PublishedEvents published;

    @Test
    void aLoanIsToldByThePackagedService() {
        published.inOrder(LoanTest.open("Lady Susan"), "LoanOpened");
    }
}
