package dev.afterimage.projection.change;

import java.util.UUID;

/** An aggregate as it was at one version. */
public interface Image {

    UUID id();

    long version();
}
