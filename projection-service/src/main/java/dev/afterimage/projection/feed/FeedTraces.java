package dev.afterimage.projection.feed;

import static io.opentelemetry.semconv.incubating.MessagingIncubatingAttributes.MESSAGING_CONSUMER_GROUP_NAME;
import static io.opentelemetry.semconv.incubating.MessagingIncubatingAttributes.MESSAGING_DESTINATION_NAME;
import static io.opentelemetry.semconv.incubating.MessagingIncubatingAttributes.MESSAGING_DESTINATION_PARTITION_ID;
import static io.opentelemetry.semconv.incubating.MessagingIncubatingAttributes.MESSAGING_KAFKA_MESSAGE_KEY;
import static io.opentelemetry.semconv.incubating.MessagingIncubatingAttributes.MESSAGING_KAFKA_OFFSET;
import static io.opentelemetry.semconv.incubating.MessagingIncubatingAttributes.MESSAGING_OPERATION_NAME;
import static io.opentelemetry.semconv.incubating.MessagingIncubatingAttributes.MESSAGING_OPERATION_TYPE;
import static io.opentelemetry.semconv.incubating.MessagingIncubatingAttributes.MESSAGING_SYSTEM;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/** Continues the trace of a request up to the commit that applied its event. */
@ApplicationScoped
class FeedTraces {

    private static final String OPERATION = "process";
    private static final AttributeKey<String> EFFECT = AttributeKey.stringKey("feed.effect");

    private final Tracer tracer;
    private final FeedConfig config;

    FeedTraces(Tracer tracer, FeedConfig config) {
        this.tracer = tracer;
        this.config = config;
    }

    /**
     * Creates a span for each record whose trace is sampled; for other records it only reads the headers. The spans are
     * created after the commit, with the times of the batch, so that a failed attempt leaves no span.
     */
    void record(List<Outcome> outcomes, Instant receivedAt, Instant appliedAt) {
        for (Outcome outcome : outcomes) {
            Context parent = W3CTraceContextPropagator.getInstance()
                    .extract(Context.root(), outcome.received().record().headers(), HeaderGetter.INSTANCE);
            if (Span.fromContext(parent).getSpanContext().isSampled()) {
                span(outcome, parent, receivedAt).end(appliedAt);
            }
        }
    }

    private Span span(Outcome outcome, Context parent, Instant receivedAt) {
        var record = outcome.received().record();
        Span span = tracer.spanBuilder(OPERATION + " " + record.topic())
                .setParent(parent)
                .setSpanKind(SpanKind.CONSUMER)
                .setStartTimestamp(receivedAt)
                .setAttribute(MESSAGING_SYSTEM, "kafka")
                .setAttribute(MESSAGING_OPERATION_NAME, OPERATION)
                .setAttribute(MESSAGING_OPERATION_TYPE, OPERATION)
                .setAttribute(MESSAGING_CONSUMER_GROUP_NAME, config.groupId())
                .setAttribute(MESSAGING_DESTINATION_NAME, record.topic())
                .setAttribute(MESSAGING_DESTINATION_PARTITION_ID, Integer.toString(record.partition()))
                .setAttribute(MESSAGING_KAFKA_OFFSET, record.offset())
                .setAttribute(EFFECT, outcome.effect().label())
                .startSpan();
        return switch (outcome.received()) {
            case ReceivedRecord.Event event ->
                span.setAttribute(
                        MESSAGING_KAFKA_MESSAGE_KEY, event.change().id().toString());
            case ReceivedRecord.Row row ->
                span.setAttribute(
                        MESSAGING_KAFKA_MESSAGE_KEY, String.valueOf(row.change().key()));
            case ReceivedRecord.Malformed malformed -> span.setStatus(StatusCode.ERROR, malformed.reason());
        };
    }

    private enum HeaderGetter implements TextMapGetter<Headers> {
        INSTANCE;

        @Override
        public Iterable<String> keys(Headers headers) {
            return Arrays.stream(headers.toArray()).map(Header::key).toList();
        }

        /** Returns null also for a header without a value: the event router writes such a header for a null column. */
        @Override
        public @Nullable String get(@Nullable Headers headers, String key) {
            Header header = headers == null ? null : headers.lastHeader(key);
            return header == null || header.value() == null ? null : new String(header.value(), StandardCharsets.UTF_8);
        }
    }
}
