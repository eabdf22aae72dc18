package dev.afterimage.projection.view;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.UUID;

/** An aggregate as the read model shows it. */
@RegisterForReflection // Jackson looks for annotations in it
public interface View {

    UUID id();

    Instant createdAt();

    long version();

    /** Its entity tag without the quotes: the version, where nothing else that changes is shown. */
    default String opaqueTag() {
        return Long.toString(version());
    }
}
