package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.view.Result;

/** What became of a record, once the transaction is committed. */
record Outcome(Incoming incoming, Result result) {

    Effect effect() {
        return result.effect();
    }
}
