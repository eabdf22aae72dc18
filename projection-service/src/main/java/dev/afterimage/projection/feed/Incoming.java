package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.EnvelopeReader;
import dev.afterimage.projection.change.MalformedRecord;
import io.quarkus.logging.Log;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** A record of the topic, read or found unreadable. */
sealed interface Incoming {

    ConsumerRecord<byte[], byte[]> record();

    default TopicPartition partition() {
        return new TopicPartition(record().topic(), record().partition());
    }

    static Incoming of(ConsumerRecord<byte[], byte[]> record, EnvelopeReader reader) {
        try {
            return new Legible(record, reader.read(record.topic(), record.key(), record.value()));
        } catch (MalformedRecord e) {
            return new Malformed(record, Fault.of(e));
        } catch (RuntimeException e) {
            // the reader has a gap: worth a look, but one record must not stop those behind it
            Log.errorf(
                    e,
                    "The reader failed topic=%s partition=%d offset=%d",
                    record.topic(),
                    record.partition(),
                    record.offset());
            return new Malformed(record, Fault.of(e));
        }
    }

    record Legible(ConsumerRecord<byte[], byte[]> record, Change change) implements Incoming {}

    /** Cannot be read, or was refused by the database. */
    record Malformed(ConsumerRecord<byte[], byte[]> record, Fault fault) implements Incoming {

        /** One line, for the dead letter and the log. */
        String reason() {
            return fault.reason();
        }
    }
}
