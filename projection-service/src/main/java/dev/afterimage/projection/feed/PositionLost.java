package dev.afterimage.projection.feed;

import org.apache.kafka.common.TopicPartition;

/**
 * The position in the database is lower than the applied offset, for example after a restore. The feed has to go back
 * to that position.
 */
class PositionLost extends Exception {

    PositionLost(TopicPartition partition, long expected) {
        super("the database no longer knows that " + partition + " was applied up to offset " + expected);
    }
}
