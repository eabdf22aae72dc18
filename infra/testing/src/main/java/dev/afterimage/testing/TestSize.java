package dev.afterimage.testing;

/**
 * How much load a test makes. {@code ./mvnw verify} proves each promise with the smallest load that can still fail,
 * {@code ./mvnw verify -Pnightly} with a large one.
 */
public final class TestSize {
    private static final boolean NIGHTLY = Boolean.getBoolean("afterimage.nightly");

    private TestSize() {}

    /** The number for this run: {@code usual} by default, {@code nightly} with {@code -Pnightly}. */
    public static int of(int usual, int nightly) {
        return NIGHTLY ? nightly : usual;
    }
}
