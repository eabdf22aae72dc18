package dev.afterimage.projection.view;

import dev.afterimage.projection.change.Effect;
import org.jspecify.annotations.Nullable;

/**
 * What became of a change.
 *
 * @param chainBreak how it does not follow from what is held, null where it does
 */
public record Result(Effect effect, @Nullable ChainBreak chainBreak) {

    public static final Result DEAD_LETTER = new Result(Effect.DEAD_LETTER, null);
    public static final Result LOGGED = new Result(Effect.LOGGED, null);
    static final Result IGNORED = new Result(Effect.IGNORED, null);
}
