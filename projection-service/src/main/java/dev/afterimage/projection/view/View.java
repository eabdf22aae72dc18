package dev.afterimage.projection.view;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.UUID;

/** An aggregate in the read model. */
@RegisterForReflection // Jackson looks for annotations in it
public interface View {

    UUID id();

    Instant createdAt();

    long version();

    /** The entity tag without the quotes. By default the version; a view that shows more data must override this. */
    default String opaqueTag() {
        return Long.toString(version());
    }
}
