package dev.afterimage.projection.view;

import dev.afterimage.projection.change.Effect;
import org.jspecify.annotations.Nullable;

/**
 * The result of a change.
 *
 * @param chainBreak set if the change does not follow the stored state; otherwise null
 */
public record Result(Effect effect, @Nullable ChainBreak chainBreak) {

    public static final Result DEAD_LETTER = new Result(Effect.DEAD_LETTER, null);
    public static final Result LOGGED = new Result(Effect.LOGGED, null);
    static final Result IGNORED = new Result(Effect.IGNORED, null);
}
