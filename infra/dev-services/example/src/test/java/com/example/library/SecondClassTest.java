package com.example.library;

import dev.afterimage.devservices.testing.InjectPublished;
import dev.afterimage.devservices.testing.PublishedEvents;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The application restarts for another test profile; the services do not. */
@QuarkusTest
@TestProfile(SecondClassTest.Quieter.class)
class SecondClassTest {

    public static class Quieter implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("quarkus.log.category.\"org.hibernate\".level", "WARN");
        }
    }

    @InjectPublished
    PublishedEvents published;

    @Test
    void findsTheSameServices() {
        String loan = LoanTest.open("Sanditon");
        published.inOrder(loan, "LoanOpened");
    }
}
