package dev.afterimage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.cli.terminal.Figures;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FiguresTest {

    @ParameterizedTest
    @CsvSource({
        "PT0S, 0 ms",
        "PT0.00424S, 4.2 ms",
        "PT0.0426S, 43 ms",
        "PT1S, 1.0 s",
        "PT119.94S, 119.9 s",
        "PT2M, 2 min",
        "PT1H59M59S, 1 h 59 min",
        "P2DT3H5M, 2 d 3 h"
    })
    void aDurationHasTheUnitThatFits(Duration duration, String shown) {
        assertThat(Figures.duration(duration)).isEqualTo(shown);
    }

    @ParameterizedTest
    @CsvSource({"0, 0 B", "10239, 10239 B", "10240, 10 KB", "10485760, 10 MB", "5368709120, 5120 MB"})
    void aSizeHasTheUnitThatFits(long bytes, String shown) {
        assertThat(Figures.bytes(bytes)).isEqualTo(shown);
    }
}
