package dev.afterimage.shop.outbox;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
import jakarta.inject.Singleton;
import java.security.SecureRandom;
import java.util.UUID;

/**
 * Generates ids of aggregates. They are UUIDv7: the ids of one service rise with time, so "newest first" is the primary
 * key in descending order.
 */
@Singleton
public class Ids {

    private final TimeBasedEpochGenerator generator = Generators.timeBasedEpochGenerator(new SecureRandom());

    public UUID next() {
        return generator.generate();
    }
}
