package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Effect;

/** What became of a record, once the transaction is committed. */
record Outcome(Incoming incoming, Effect effect) {}
