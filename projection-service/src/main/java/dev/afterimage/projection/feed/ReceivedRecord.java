package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.MalformedRecord;
import dev.afterimage.projection.change.RecordReader;
import dev.afterimage.projection.change.RowChange;
import dev.afterimage.projection.deadletter.Fault;
import dev.afterimage.projection.deadletter.Refused;
import io.quarkus.logging.Log;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** A record of a topic: read, or malformed. */
public sealed interface ReceivedRecord {

    ConsumerRecord<byte[], byte[]> record();

    default TopicPartition partition() {
        return new TopicPartition(record().topic(), record().partition());
    }

    static ReceivedRecord of(ConsumerRecord<byte[], byte[]> record, RecordReader reader) {
        try {
            return switch (reader.read(record.topic(), record.key(), record.value())) {
                case Change change -> new Event(record, change);
                case RowChange row -> new Row(record, row);
            };
        } catch (MalformedRecord e) {
            return new Malformed(new Refused(record, Fault.of(e)));
        } catch (RuntimeException e) {
            // a defect of the reader; it is logged as an error, but one record must not stop the records after it
            Log.errorf(
                    e,
                    "The reader failed topic=%s partition=%d offset=%d",
                    record.topic(),
                    record.partition(),
                    record.offset());
            return new Malformed(new Refused(record, Fault.of(e)));
        }
    }

    /** An event of an aggregate. */
    record Event(ConsumerRecord<byte[], byte[]> record, Change change) implements ReceivedRecord {}

    record Row(ConsumerRecord<byte[], byte[]> record, RowChange change) implements ReceivedRecord {}

    /** A record that cannot be read, or that the database refused. */
    record Malformed(Refused refused) implements ReceivedRecord {

        @Override
        public ConsumerRecord<byte[], byte[]> record() {
            return refused.record();
        }

        /** The reason in one line, for the dead letter and the log. */
        String reason() {
            return refused.fault().reason();
        }
    }
}
