package dev.afterimage.shop.outbox;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
import jakarta.inject.Singleton;
import java.security.SecureRandom;
import java.util.UUID;

/** Names aggregates: UUIDv7, so that ids of one service rise with time and "newest first" is the primary key backwards. */
@Singleton
public class Ids {
    private final TimeBasedEpochGenerator generator = Generators.timeBasedEpochGenerator(new SecureRandom());

    public UUID next() {
        return generator.generate();
    }
}
