package dev.afterimage.projection.change;

import java.util.UUID;

/** The state of an aggregate at one version. */
public interface Image {

    UUID id();

    long version();
}
