package dev.afterimage.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StageBucketsTest {

    private static final String BEFORE = """
            # TYPE feed_stage_seconds histogram
            feed_stage_seconds{stage="commit-to-connect",quantile="0.5"} 0.004
            feed_stage_seconds_bucket{stage="commit-to-connect",le="0.001"} 100
            feed_stage_seconds_bucket{stage="commit-to-connect",le="0.002"} 100
            feed_stage_seconds_bucket{stage="commit-to-connect",le="0.004"} 100
            feed_stage_seconds_bucket{stage="commit-to-connect",le="+Inf"} 100
            feed_stage_seconds_bucket{stage="visible-to-applied",le="0.001"} 7
            feed_stage_seconds_bucket{stage="visible-to-applied",le="+Inf"} 7
            """;

    private static final String AFTER = """
            feed_stage_seconds_bucket{stage="commit-to-connect",le="0.001"} 100
            feed_stage_seconds_bucket{stage="commit-to-connect",le="0.002"} 104
            feed_stage_seconds_bucket{stage="commit-to-connect",le="0.004"} 108
            feed_stage_seconds_bucket{stage="commit-to-connect",le="+Inf"} 110
            feed_stage_seconds_bucket{stage="visible-to-applied",le="0.001"} 7
            feed_stage_seconds_bucket{stage="visible-to-applied",le="+Inf"} 7
            """;

    private final StageBuckets before = StageBuckets.of(BEFORE);
    private final StageBuckets after = StageBuckets.of(AFTER);

    @Test
    void tellsThePercentilesOfTheEventsInBetween() {
        assertThat(after.percentile("commit-to-connect", 0.2, before)).isEqualTo(1.5);
        assertThat(after.percentile("commit-to-connect", 0.5, before)).isEqualTo(2.5);
    }

    @Test
    void tellsTheLastBoundOfATimeThatIsLonger() {
        assertThat(after.percentile("commit-to-connect", 0.99, before)).isEqualTo(4);
    }

    @Test
    void tellsNothingWhereNoEventPassed() {
        assertThat(after.percentile("visible-to-applied", 0.5, before)).isNaN();
        assertThat(after.percentile("request", 0.5, before)).isNaN();
    }
}
