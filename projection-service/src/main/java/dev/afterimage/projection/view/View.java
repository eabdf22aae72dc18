package dev.afterimage.projection.view;

import java.time.Instant;
import java.util.UUID;

/** An aggregate as the read model shows it. */
public interface View {

    UUID id();

    Instant createdAt();

    long version();
}
