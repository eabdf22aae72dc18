package dev.afterimage.projection.view;

import dev.afterimage.projection.change.Effect;
import org.jspecify.annotations.Nullable;

/**
 * What became of a change.
 *
 * @param broken the rule of its chain that it breaks, null for none
 */
public record Applied(Effect effect, @Nullable Break broken) {

    public static final Applied DEAD_LETTER = new Applied(Effect.DEAD_LETTER, null);
    public static final Applied LOGGED = new Applied(Effect.LOGGED, null);
    static final Applied IGNORED = new Applied(Effect.IGNORED, null);
}
