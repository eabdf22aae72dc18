package com.example.library;

import dev.afterimage.devservices.testing.InjectPublished;
import dev.afterimage.devservices.testing.PublishedEvents;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.junit.jupiter.api.Test;

/** Runs against the packaged service, JVM or native. */
@QuarkusIntegrationTest
class LoanIT {

    @InjectPublished
    PublishedEvents published;

    @Test
    void thePackagedServicePublishesALoan() {
        published.inOrder(LoanTest.open("Lady Susan"), "LoanOpened");
    }
}
