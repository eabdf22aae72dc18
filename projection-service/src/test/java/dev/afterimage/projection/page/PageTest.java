package dev.afterimage.projection.page;

import static io.restassured.RestAssured.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;

import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import jakarta.inject.Inject;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

@QuarkusTest
class PageTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    private final OrderEvents order = new OrderEvents();

    @Test
    void showsAnOrderAsItPassesAndItsJourney() throws Exception {
        try (var topic = new OrderTopic(bootstrapServers);
                var browser = new Browser()) {
            watch(browser, RestAssured.port);
            topic.put(order.id, order.placed());
            topic.put(order.id, order.changed(2));

            await().atMost(SOON).untilAsserted(() -> assertThat(rows(browser)).hasSize(2));
            assertThat(rows(browser).getLast()).contains("OrderEvent", "v1", "status PENDING", "total 59.80", "ms");
            assertThat(rows(browser).getFirst()).contains("OrderEvent", "v2", "status PENDING → PAID");
            await().atMost(SOON).untilAsserted(() -> assertThat(browser.text("#rate-legend"))
                    .contains("create 1", "update 1"));

            browser.evaluate(row() + ".focus()");
            browser.press("Enter", 13, "\r");
            await().atMost(SOON).untilAsserted(() -> assertThat(browser.text("#journey[open] #journey-now"))
                    .contains("PAID 59.80 EUR version 2"));
            assertThat(browser.evaluate("location.hash").asText()).isEqualTo("#/orders/" + order.id);
            assertThat(browser.text("#journey-steps > li:first-child"))
                    .contains("OrderEvent v2", "status PENDING → PAID");
            assertThat(browser.text("#journey-steps > li:last-child")).contains("OrderEvent v1", "total 59.80");
            assertThat(browser.text("#model")).contains("order ");
            await().atMost(SOON).untilAsserted(() -> assertThat(browser.text("#stages"))
                    .matches(
                            "(?s).*connect to visible \\d.* ms.*visible to applied \\d.* ms.*commit to applied \\d.*"));
            assertThat(browser.text("#lag-note")).contains("following, ");
            assertThat(browser.text("#replica")).matches("(?s)replica.*oldest change not read: \\d.*");

            topic.put(order.id, order.changed(3));
            await("the open journey goes on by itself").atMost(SOON).untilAsserted(() -> assertThat(
                            browser.text("#journey[open] #journey-now"))
                    .contains("version 3"));
            assertFitsAPhone(browser);

            browser.press("Escape", 27, null);
            await().atMost(SOON).untilAsserted(() -> assertThat(browser.text("#journey[open]"))
                    .isEmpty());
            assertThat(browser.evaluate("location.hash").asText()).isEmpty();
            assertQuiet(browser);
        }
    }

    @Test
    void findsAnOrderByItsIdAndSaysSoWhereThereIsNone() throws Exception {
        try (var topic = new OrderTopic(bootstrapServers);
                var browser = new Browser()) {
            watch(browser, RestAssured.port);
            topic.put(order.id, order.placed());
            await().atMost(SOON)
                    .untilAsserted(() -> get("/orders/{id}", order.id).then().statusCode(200));

            search(browser, order.id.toString().toUpperCase(Locale.ROOT));
            await().atMost(SOON).untilAsserted(() -> assertThat(browser.text("#journey[open] #journey-now"))
                    .contains("PENDING"));

            assertThat(browser.evaluate("location.hash").asText()).endsWith(order.id.toString());

            search(browser, "42");
            await().atMost(SOON).untilAsserted(() -> assertThat(browser.text("#journey[open] #journey-note"))
                    .contains("no id of an order"));
            assertThat(browser.text("#journey-now")).isEmpty();
        }
    }

    @Test
    void showsARecordThatWasSetAsideUntilItIsDiscarded() throws Exception {
        try (var topic = new OrderTopic(bootstrapServers);
                var browser = new Browser()) {
            watch(browser, RestAssured.port);
            var refused = topic.put(order.id, "no json");
            String record = "%s-%d@%d".formatted(refused.topic(), refused.partition(), refused.offset());

            await().atMost(SOON)
                    .untilAsserted(() ->
                            assertThat(rows(browser)).singleElement(STRING).contains("the value is not JSON"));
            await().atMost(SOON).untilAsserted(() -> assertThat(browser.text("#rate-legend"))
                    .contains("dead letter 1"));
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(browser.text("#letters")).contains(record));
            assertFitsAPhone(browser);

            browser.evaluate("document.querySelector('#letters tr:has([aria-label=\"Replay " + record
                    + "\"]) details').open = true");
            await().atMost(SOON).untilAsserted(() -> assertThat(browser.text("#letters pre"))
                    .contains("eventType: OrderEvent", "no json"));
            click(browser, "Replay " + record);
            await().atMost(SOON).untilAsserted(() -> assertThat(browser.text("#letters .reply"))
                    .contains("the value is not JSON"));
            click(browser, "Discard " + record);
            assertThat(browser.text("#discard[open]")).contains(record);
            browser.press("Escape", 27, null);
            assertThat(browser.text("#letters")).contains(record);

            click(browser, "Discard " + record);
            browser.evaluate("document.querySelector('#discard [value=discard]').click()");
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(browser.text("#letters")).doesNotContain(record));
            assertThat(browser.text("#letters-said")).isEqualTo("Discarded " + record + ".");
        }
    }

    @Test
    void filtersAndPauses() throws Exception {
        try (var topic = new OrderTopic(bootstrapServers);
                var browser = new Browser()) {
            watch(browser, RestAssured.port);
            topic.put(order.id, order.placed());
            topic.put(order.id, order.changed(2));
            await().atMost(SOON).untilAsserted(() -> assertThat(rows(browser)).hasSize(2));

            browser.evaluate("document.querySelector('.chip.u input').click()");
            assertThat(rows(browser)).singleElement(STRING).contains("v1");
            browser.evaluate("document.querySelector('.chip.u input').click()");
            type(browser, "#key-filter", "nobody");
            assertThat(rows(browser)).isEmpty();
            type(browser, "#key-filter", order.id.toString().substring(10));
            assertThat(rows(browser)).hasSize(2);

            browser.evaluate("document.querySelector('#pause').click()");
            topic.put(order.id, order.changed(3));
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(browser.text("#pause")).isEqualTo("Resume (1)"));
            assertThat(rows(browser)).hasSize(2);
            browser.evaluate("document.querySelector('#pause').click()");
            await().atMost(SOON).untilAsserted(() -> assertThat(rows(browser)).hasSize(3));
        }
    }

    @Test
    void loadsNothingButItself() {
        get("/").then()
                .statusCode(200)
                .header("Content-Security-Policy", containsString("default-src 'none'; script-src 'self';"))
                .header("X-Content-Type-Options", equalTo("nosniff"))
                .header("Cache-Control", equalTo("no-cache"));
        get("/page/page.js").then().statusCode(200).header("Cache-Control", equalTo("no-cache"));
        get("/q/swagger-ui/").then().statusCode(200).header("Content-Security-Policy", nullValue());
    }

    @Test
    void linksTheDocumentsOfRequestsAndEvents() {
        get("/").then()
                .body(containsString("href=\"q/swagger-ui/\""))
                .body(containsString("href=\"q/openapi\""))
                .body(containsString("href=\"contract/asyncapi.yaml\""));
        get("/q/openapi").then().statusCode(200);
        get("/contract/asyncapi.yaml").then().statusCode(200).body(containsString("asyncapi: 3.0.0"));
        get("/contract/order.schema.json").then().statusCode(200);
        get("/contract/order/placed.json").then().statusCode(200);
    }

    @Test
    void goesOnWithWhatItMissedWhenTheServiceIsBack() throws Exception {
        try (var topic = new OrderTopic(bootstrapServers);
                var relay = new Relay(RestAssured.port);
                var browser = new Browser()) {
            watch(browser, relay.port());
            topic.put(order.id, order.placed());
            await().atMost(SOON).untilAsserted(() -> assertThat(rows(browser)).hasSize(1));

            relay.cut();
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(browser.text("#connection")).isEqualTo("reconnecting"));
            topic.put(order.id, order.changed(2));
            get("/orders/{id}?minVersion=2&wait=20s", order.id).then().statusCode(200);
            relay.listen();
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(browser.text("#connection")).isEqualTo("live"));
            topic.put(order.id, order.changed(3));

            await().atMost(SOON).untilAsserted(() -> assertThat(rows(browser)).hasSize(3));
            assertThat(browser.text("#events .gap")).contains("the connection was lost");
        }
    }

    private static void watch(Browser browser, int port) {
        browser.resize(1280, 900);
        browser.visit(URI.create("http://localhost:" + port));
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(browser.text("#connection")).isEqualTo("live"));
    }

    private String row() {
        return "document.querySelector('#events a[href$=\"" + order.id + "\"]')";
    }

    /** The rows of the order in the list of events, the newest first. */
    private List<String> rows(Browser browser) {
        List<String> rows = new ArrayList<>();
        browser.evaluate("[...document.querySelectorAll('#events a[href$=\"" + order.id
                        + "\"]')].map(row => row.innerText)")
                .forEach(row -> rows.add(row.asText().replaceAll("\\s+", " ")));
        return rows;
    }

    private static void search(Browser browser, String id) {
        type(browser, "#find-id", id);
        browser.evaluate("document.querySelector('#find').requestSubmit()");
    }

    private static void type(Browser browser, String selector, String text) {
        browser.evaluate("(field => { field.value = '" + text + "'; field.dispatchEvent(new Event('input')); })"
                + "(document.querySelector('" + selector + "'))");
    }

    private static void click(Browser browser, String label) {
        browser.evaluate("document.querySelector('[aria-label=\"" + label + "\"]').click()");
    }

    private static void assertFitsAPhone(Browser browser) {
        browser.resize(390, 844);
        assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                .isLessThanOrEqualTo(390);
        assertThat(browser.evaluate("document.querySelector('#journey').scrollWidth")
                        .asInt())
                .isLessThanOrEqualTo(390);
        browser.resize(1280, 900);
    }

    private static void assertQuiet(Browser browser) {
        assertThat(browser.complaints()).isEmpty();
        assertThat(browser.requests())
                .isNotEmpty()
                .allMatch(request -> request.getHost().equals("localhost") && request.getPort() == RestAssured.port);
    }
}
