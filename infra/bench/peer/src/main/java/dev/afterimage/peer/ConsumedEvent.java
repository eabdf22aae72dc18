package dev.afterimage.peer;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.time.Instant;
import java.util.UUID;

/** The id of an event that the consumer has handled. */
@Entity
public class ConsumedEvent {

    @Id
    UUID eventId;

    Instant consumedAt;

    protected ConsumedEvent() {}

    ConsumedEvent(UUID eventId) {
        this.eventId = eventId;
        this.consumedAt = Instant.now();
    }
}
