package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Change;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** A record of the topic, read or found unreadable. */
sealed interface Incoming {

    ConsumerRecord<byte[], byte[]> record();

    default TopicPartition partition() {
        return new TopicPartition(record().topic(), record().partition());
    }

    record Legible(ConsumerRecord<byte[], byte[]> record, Change change) implements Incoming {}

    /**
     * Cannot be read, or was refused by the database.
     *
     * @param reason one line, for the dead letter and the log
     */
    record Malformed(ConsumerRecord<byte[], byte[]> record, String reason) implements Incoming {}
}
