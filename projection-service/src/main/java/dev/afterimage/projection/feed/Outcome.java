package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.view.Applied;

/** What became of a record, once the transaction is committed. */
record Outcome(Incoming incoming, Applied applied) {

    Effect effect() {
        return applied.effect();
    }
}
