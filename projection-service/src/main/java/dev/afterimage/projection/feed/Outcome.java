package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.view.Result;

/** The outcome of a record after the commit of its transaction. */
record Outcome(Incoming incoming, Result result) {

    Effect effect() {
        return result.effect();
    }
}
