package dev.afterimage.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class ConditionTest {

    @Test
    void numbersAreComparedAsNumbersAlsoWhereTheyAreStrings() throws Exception {
        JsonNode row = new ObjectMapper().readTree("""
                {"total": "1000.50", "status": "PAID", "customer": {"name": "Ada Lovelace"}, "note": null}""");
        assertThat(fits("total > 1000", row)).isTrue();
        assertThat(fits("total > 999.5 and total <= 1000.5", row)).isTrue();
        assertThat(fits("total > 1000.50", row)).isFalse();
        assertThat(fits("status = PAID and total != 3", row)).isTrue();
        assertThat(fits("customer.name = 'Ada Lovelace'", row)).isTrue();
        assertThat(fits("note = null", row))
                .as("a missing value matches no condition")
                .isFalse();
        assertThat(Condition.parse(null).fits(row)).isTrue();
    }

    @Test
    void aTextThatIsNotAComparisonIsNamed() {
        assertThatThrownBy(() -> Condition.parse("total > 5 and status"))
                .hasMessageContaining("'status' is not a comparison");
    }

    private static boolean fits(String condition, JsonNode row) {
        return Condition.parse(condition).fits(row);
    }
}
