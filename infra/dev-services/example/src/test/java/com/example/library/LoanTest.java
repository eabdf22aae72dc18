package com.example.library;

import static io.restassured.RestAssured.given;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.afterimage.devservices.testing.InjectPublished;
import dev.afterimage.devservices.testing.PublishedEvents;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import java.time.Duration;
import org.junit.jupiter.api.Test;

@QuarkusTest
class LoanTest {

    @InjectPublished
    PublishedEvents published;

    @Test
    void aLoanIsPublished() {
        String loan = open("Emma");
        var event = published.next(loan);
        assertEquals("loan.events", event.topic());
        assertEquals("LoanOpened", event.type());
        assertEquals("Emma", event.json().path("book").asText());
        published.none(loan, Duration.ofSeconds(1));
    }

    @Test
    void aRolledBackEventIsNotPublished() {
        String loan = open("Persuasion");
        extend(loan, 7, 200);
        extend(loan, 99, 400);
        extend(loan, 14, 200);
        published.inOrder(loan, "LoanOpened", "LoanExtended", "LoanExtended");
    }

    static String open(String book) {
        return given().contentType(ContentType.JSON)
                .body("{\"book\":\"" + book + "\"}")
                .post("/loans")
                .then()
                .statusCode(200)
                .extract()
                .path("id");
    }

    static void extend(String loan, int days, int status) {
        given().contentType(ContentType.JSON)
                .body("{\"days\":" + days + "}")
                .post("/loans/" + loan + "/extensions")
                .then()
                .statusCode(status);
    }
}
