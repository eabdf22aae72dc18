package dev.afterimage.shop.outbox;

import io.quarkus.runtime.configuration.MemorySize;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Optional;

/** A configuration with a slot of the test, which Debezium does not read. */
record SlotConfig(String slot, Optional<String> tableSlot, MemorySize maxRetainedWal, Duration maxUnconfirmed)
        implements OutboxConfig {

    static SlotConfig of(String slot) {
        return new SlotConfig(slot, Optional.of(slot), bytes(1_000_000_000), Duration.ofMinutes(1));
    }

    SlotConfig keepingAtMost(long bytes) {
        return new SlotConfig(slot, tableSlot, bytes(bytes), maxUnconfirmed);
    }

    SlotConfig confirmedWithin(Duration limit) {
        return new SlotConfig(slot, tableSlot, maxRetainedWal, limit);
    }

    private static MemorySize bytes(long bytes) {
        return new MemorySize(BigInteger.valueOf(bytes));
    }
}
