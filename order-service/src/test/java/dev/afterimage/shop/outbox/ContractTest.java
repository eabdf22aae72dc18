package dev.afterimage.shop.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples of the contract, which test the consumers, have the form of this service's events. */
class ContractTest {

    @ParameterizedTest
    @ValueSource(strings = {"customer", "product", "order"})
    void keepsItsOwnSchemaInEachExample(String aggregate) {
        for (var example : Contract.examples(aggregate)) {
            var value = example.get("value");
            assertThat(example.get("topic").textValue()).isEqualTo(aggregate + ".events");
            if (!value.isNull()) {
                assertThat(Contract.violations(aggregate, value))
                        .as(example.toString())
                        .isEmpty();
                assertThat(value.at("/source/eventType")).isEqualTo(example.at("/headers/eventType"));
                assertThat(image(value).get("id")).isEqualTo(example.get("key"));
                assertThat(value.at("/source/version").asLong())
                        .isEqualTo(image(value).get("version").asLong()
                                + (value.get("after").isNull() ? 1 : 0));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"customer", "product", "order"})
    void hasAnExampleOfEachOperationAndEventTypeAndOfATombstone(String aggregate) {
        var operations = new ArrayList<String>();
        for (var example : Contract.examples(aggregate)) {
            operations.add(example.at("/value/op").asText("tombstone"));
        }
        assertThat(operations).contains("c", "u", "d", "r", "tombstone");
        assertThat(Contract.examples(aggregate).stream()
                        .map(example -> example.at("/headers/eventType").textValue())
                        .collect(Collectors.toSet()))
                .isEqualTo(Contract.eventTypes(aggregate));
    }

    private static JsonNode image(JsonNode event) {
        return event.get("after").isNull() ? event.get("before") : event.get("after");
    }
}
