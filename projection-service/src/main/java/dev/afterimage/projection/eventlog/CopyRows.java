package dev.afterimage.projection.eventlog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.afterimage.projection.sql.Sql.Column;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes rows in PostgreSQL's binary COPY format, the fastest way to insert them.
 *
 * @see <a href="https://www.postgresql.org/docs/18/sql-copy.html#SQL-COPY-BINARY-FORMAT">COPY, binary format</a>
 */
final class CopyRows {

    private static final byte[] SIGNATURE = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0};
    private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");
    private static final int JSONB_VERSION = 1;
    private static final ObjectWriter JSON = new JsonMapper().writer();

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(64 * 1024);
    private final DataOutputStream out = new DataOutputStream(bytes);

    private CopyRows() {}

    /** Returns the rows as the data of one COPY. */
    static <T> byte[] of(List<T> rows, List<Column<T>> columns) throws IOException {
        var copy = new CopyRows();
        copy.out.write(SIGNATURE);
        copy.out.writeInt(0); // flags
        copy.out.writeInt(0); // length of the header's extension
        for (T row : rows) {
            copy.out.writeShort(columns.size());
            for (Column<T> column : columns) {
                copy.field(column.value().apply(row));
            }
        }
        copy.out.writeShort(-1);
        return copy.bytes.toByteArray();
    }

    private void field(@Nullable Object value) throws IOException {
        switch (value) {
            case null -> out.writeInt(-1);
            case Integer number -> {
                out.writeInt(Integer.BYTES);
                out.writeInt(number);
            }
            case Long number -> int8(number);
            case Instant instant -> int8(ChronoUnit.MICROS.between(EPOCH, instant));
            case JsonNode json -> {
                byte[] utf8 = JSON.writeValueAsBytes(json);
                out.writeInt(utf8.length + 1);
                out.writeByte(JSONB_VERSION);
                out.write(utf8);
            }
            default -> {
                byte[] utf8 = value.toString().getBytes(StandardCharsets.UTF_8);
                out.writeInt(utf8.length);
                out.write(utf8);
            }
        }
    }

    private void int8(long value) throws IOException {
        out.writeInt(Long.BYTES);
        out.writeLong(value);
    }
}
