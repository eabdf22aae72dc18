package dev.afterimage.devservices.deployment;

import dev.afterimage.stack.StackRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.Config;

/**
 * The outbox as {@code quarkus.debezium-outbox.*} describes it, with the defaults of
 * <a href="https://debezium.io/documentation/reference/stable/integrations/outbox.html">its documentation</a>.
 *
 * @param additional columns that the event router does not read itself
 */
record OutboxTable(
        String schema,
        String table,
        String id,
        String aggregateType,
        String aggregateId,
        String type,
        String payload,
        List<String> additional) {

    private static final String PREFIX = "quarkus.debezium-outbox.";

    OutboxTable {
        additional = List.copyOf(additional);
    }

    static OutboxTable read(Config config) {
        Function<String, Optional<String>> setting =
                key -> config.getOptionalValue(key, String.class).map(String::strip);
        return new OutboxTable(
                setting.apply("quarkus.hibernate-orm.database.default-schema").orElse("public"),
                name(setting, "table-name", "outboxevent"),
                name(setting, "id.name", "id"),
                name(setting, "aggregate-type.name", "aggregatetype"),
                name(setting, "aggregate-id.name", "aggregateid"),
                name(setting, "type.name", "type"),
                name(setting, "payload.name", "payload"),
                additional(setting.apply(PREFIX + "additional-fields").orElse("")));
    }

    /**
     * The configured name in lower case: Hibernate does not quote names, and PostgreSQL folds unquoted names to lower
     * case.
     */
    private static String name(Function<String, Optional<String>> setting, String key, String otherwise) {
        return setting.apply(PREFIX + key).orElse(otherwise).toLowerCase(Locale.ROOT);
    }

    /**
     * The names of the additional columns; the setting has {@code name:java-type:column-definition:converter},
     * separated by commas.
     */
    private static List<String> additional(String fields) {
        return Stream.of(fields.split(","))
                .filter(field -> !field.isBlank())
                .map(field -> field.strip().split(":", 2)[0].toLowerCase(Locale.ROOT))
                .toList();
    }

    StackRequest.Outbox expected() {
        Stream<String> read = Stream.of(id, aggregateType, aggregateId, type, payload);
        return new StackRequest.Outbox(
                schema, table, Stream.concat(read, additional.stream()).toList());
    }

    /**
     * The configuration of Debezium's source with the event router for this table. The delivery is the same as in
     * {@code connectors/order-outbox.json}: exactly once, within milliseconds.
     *
     * @param name name of the slot and the publication
     * @param topic the value of {@link OutboxDevServicesConfig#topic()}
     */
    Map<String, String> connector(String name, String topic) {
        Map<String, String> config = new LinkedHashMap<>();
        config.put("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
        config.put("tasks.max", "1");
        config.put("exactly.once.support", "required");
        config.put("database.dbname", "");
        config.put("topic.prefix", name);
        config.put("plugin.name", "pgoutput");
        config.put("slot.name", name);
        config.put("publication.name", name);
        config.put("publication.autocreate.mode", "disabled");
        config.put("table.include.list", schema + "." + table);
        config.put("snapshot.mode", "no_data");
        config.put("tombstones.on.delete", "false");
        config.put("extended.headers.enabled", "false");
        config.put("slot.max.retries", "60");
        config.put("slot.retry.delay.ms", "500");
        config.put("retriable.restart.connector.wait.ms", "1000");
        config.put("poll.interval.ms", "5");
        config.put("producer.override.linger.ms", "0");
        config.put("key.converter", "org.apache.kafka.connect.storage.StringConverter");
        config.put("value.converter", "org.apache.kafka.connect.storage.StringConverter");
        config.put("header.converter", "org.apache.kafka.connect.storage.StringConverter");
        config.put("transforms", "outbox");
        config.put("transforms.outbox.type", "io.debezium.transforms.outbox.EventRouter");
        config.put("transforms.outbox.route.by.field", aggregateType);
        config.put("transforms.outbox.route.topic.replacement", topic.replace("{aggregateType}", "${routedByValue}"));
        config.put("transforms.outbox.route.tombstone.on.empty.payload", "true");
        config.put("transforms.outbox.table.field.event.id", id);
        config.put("transforms.outbox.table.field.event.key", aggregateId);
        config.put("transforms.outbox.table.field.event.type", type);
        config.put("transforms.outbox.table.field.event.payload", payload);
        Stream<String> headers = additional.stream().map(column -> column + ":header:" + column);
        config.put(
                "transforms.outbox.table.fields.additional.placement",
                Stream.concat(Stream.of(type + ":header:eventType"), headers).collect(Collectors.joining(",")));
        config.put("transforms.outbox.table.op.invalid.behavior", "error");
        return config;
    }
}
