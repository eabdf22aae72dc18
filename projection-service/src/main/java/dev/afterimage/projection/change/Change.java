package dev.afterimage.projection.change;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.UUID;

/** One readable record of an aggregate's topic. */
public sealed interface Change extends Loggable permits Envelope, Tombstone {

    /** The name of the aggregate, such as {@code order}. */
    String aggregate();

    /** The aggregate's id, which is the record's key. */
    UUID id();

    @Override
    default String table() {
        return aggregate() + "s";
    }

    @Override
    default JsonNode key() {
        return JsonNodeFactory.instance.objectNode().put("id", id().toString());
    }
}
