package dev.afterimage.devservices.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OutboxTableTest {

    @Test
    void withoutSettingsItIsTheTableThatDebeziumsExtensionMakes() {
        OutboxTable table = read(Map.of());
        assertThat(table.expected().table()).isEqualTo("outboxevent");
        assertThat(table.expected().columns()).containsExactly("id", "aggregatetype", "aggregateid", "type", "payload");
        assertThat(table.connector("library_outbox", "{aggregateType}.events"))
                .containsEntry("table.include.list", "public.outboxevent")
                .containsEntry("transforms.outbox.route.topic.replacement", "${routedByValue}.events")
                .containsEntry("transforms.outbox.route.by.field", "aggregatetype");
    }

    @Test
    void theRouterReadsTheColumnsThatTheApplicationWrites() {
        OutboxTable table = read(Map.of(
                "quarkus.hibernate-orm.database.default-schema", "billing",
                "quarkus.debezium-outbox.table-name", "Announcements",
                "quarkus.debezium-outbox.aggregate-type.name", "aggregate_type",
                "quarkus.debezium-outbox.aggregate-id.name", "aggregate_id",
                "quarkus.debezium-outbox.additional-fields", "tenant:string:varchar(20), traceparent:string"));
        assertThat(table.expected().columns())
                .containsExactly("id", "aggregate_type", "aggregate_id", "type", "payload", "tenant", "traceparent");
        assertThat(table.connector("billing_outbox", "out.{aggregateType}"))
                .containsEntry("table.include.list", "billing.announcements")
                .containsEntry("transforms.outbox.table.field.event.key", "aggregate_id")
                .containsEntry(
                        "transforms.outbox.table.fields.additional.placement",
                        "type:header:eventType,tenant:header:tenant,traceparent:header:traceparent")
                .containsEntry("transforms.outbox.route.topic.replacement", "out.${routedByValue}");
    }

    private static OutboxTable read(Map<String, String> settings) {
        return OutboxTable.read(new SmallRyeConfigBuilder()
                .withSources(new PropertiesConfigSource(settings, "test", 100))
                .build());
    }
}
