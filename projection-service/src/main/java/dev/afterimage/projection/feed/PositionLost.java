package dev.afterimage.projection.feed;

import org.apache.kafka.common.TopicPartition;

/** The database stands before what was applied already, as after a restore: the feed has to go back too. */
class PositionLost extends Exception {

    PositionLost(TopicPartition partition, long expected) {
        super("the database no longer knows that " + partition + " was applied up to offset " + expected);
    }
}
