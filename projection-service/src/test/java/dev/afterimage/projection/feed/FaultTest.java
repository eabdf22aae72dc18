package dev.afterimage.projection.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.change.EnvelopeReader;
import dev.afterimage.projection.change.Fields;
import dev.afterimage.projection.change.Image;
import dev.afterimage.projection.change.ImageReader;
import dev.afterimage.projection.change.MalformedRecord;
import dev.afterimage.projection.deadletter.Fault;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

class FaultTest {

    /** A defective reader: it throws other exceptions where it should report a malformed record. */
    private static final class Gaps implements ImageReader {

        @Override
        public String aggregate() {
            return "order";
        }

        @Override
        public Image read(Fields image) throws MalformedRecord {
            return image.text("currency").equals("EUR") ? oneGap(image.text("total")) : anotherGap();
        }

        private static Image oneGap(String total) {
            throw new NumberFormatException(total);
        }

        private static Image anotherGap() {
            throw new NumberFormatException("the same exception elsewhere");
        }
    }

    private final EnvelopeReader reader = new EnvelopeReader(List.of(new Gaps()));

    @Test
    void isTheSameWhereTheReaderFailsAtTheSamePlace() {
        Fault fault = failure("EUR", "1.00");

        assertThat(failure("EUR", "2.00")).isEqualTo(fault);
        assertThat(failure("USD", "1.00").digest()).isNotEqualTo(fault.digest());
        assertThat(fault.reason()).isEqualTo("the reader failed on it");
        assertThat(fault.digest()).matches("[0-9a-f]{12}");
    }

    @Test
    void tellsTheDatabasesRefusalsApart() {
        Fault fault = Fault.of(refusal("orders_total_check"));

        assertThat(Fault.of(refusal("orders_total_check"))).isEqualTo(fault);
        assertThat(Fault.of(refusal("orders_status_check")).digest()).isNotEqualTo(fault.digest());
        assertThat(Fault.of(new SQLException("", "22P05")).digest()).isNotEqualTo(fault.digest());
        assertThat(fault.reason()).isEqualTo("the database refuses its data, SQLSTATE 23514");
    }

    @Test
    void leavesNumbersOutOfWhatTheReasonSays() {
        Fault fault = Fault.of(new MalformedRecord("after.items[1].quantity is missing"));

        assertThat(Fault.of(new MalformedRecord("after.items[12].quantity is missing"))
                        .digest())
                .isEqualTo(fault.digest());
        assertThat(Fault.of(new MalformedRecord("after.items[1].unitPrice is missing"))
                        .digest())
                .isNotEqualTo(fault.digest());
    }

    private Fault failure(String currency, String total) {
        var order = new OrderEvents();
        ReceivedRecord received = ReceivedRecord.of(
                new ConsumerRecord<>(
                        "order.events",
                        0,
                        0,
                        order.id.toString().getBytes(StandardCharsets.UTF_8),
                        order.placed(currency, total).getBytes(StandardCharsets.UTF_8)),
                reader);
        assertThat(received).isInstanceOf(ReceivedRecord.Malformed.class);
        return ((ReceivedRecord.Malformed) received).refused().fault();
    }

    private static SQLException refusal(String constraint) {
        return new PSQLException(
                new ServerErrorMessage("SERROR\0C23514\0Mviolates check constraint\0n" + constraint + "\0"));
    }
}
