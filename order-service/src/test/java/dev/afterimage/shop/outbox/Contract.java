package dev.afterimage.shop.outbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The contract that both services test against, as the file in connectors/contract. */
final class Contract {
    private static final Path FOLDER = Path.of("../connectors/contract");

    private Contract() {}

    /** Where the event breaks the schema of its aggregate; empty when it keeps it. */
    static List<Error> violations(String aggregate, JsonNode event) {
        return schema(aggregate).validate(event.toString(), InputFormat.JSON);
    }

    private static Schema schema(String aggregate) {
        try {
            var schema = Files.readString(FOLDER.resolve(aggregate + ".schema.json"));
            return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                    .getSchema(schema, InputFormat.JSON);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
