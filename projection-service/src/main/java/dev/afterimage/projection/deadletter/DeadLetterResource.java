package dev.afterimage.projection.deadletter;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.afterimage.projection.Refusal;
import dev.afterimage.projection.web.Paging;
import dev.afterimage.projection.web.Preconditions;
import dev.afterimage.projection.web.Responses;
import dev.afterimage.projection.web.Roles;
import io.quarkus.logging.Log;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.http.HttpServerRequest;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** Shows and discards dead letters. */
@Path("/dead-letters")
@RunOnVirtualThread
@Tag(name = "dead letters", description = "Refused records that are neither replayed nor discarded")
@RolesAllowed(Roles.ADMIN)
public class DeadLetterResource {

    private final DeadLetterTable letters;
    private final DeadLetterMetrics metrics;

    DeadLetterResource(DeadLetterTable letters, DeadLetterMetrics metrics) {
        this.letters = letters;
        this.metrics = metrics;
    }

    /**
     * A letter in the list.
     *
     * @param key the key as text; null if the record has no key, or if the key is not UTF-8
     * @param digest identifies the fault: equal faults have the same digest
     * @param attempts the number of refusals, including the first one by the feed
     */
    @RegisterForReflection
    record Summary(
            long id,
            String topic,
            int partition,
            long offset,
            @Nullable String key,
            String reason,
            String digest,
            Instant receivedAt,
            int attempts) {

        static Summary of(DeadLetter letter) {
            Text key = Text.of(letter.key());
            return new Summary(
                    letter.id(),
                    letter.topic(),
                    letter.partition(),
                    letter.offset(),
                    key.encoding() == Encoding.UTF_8 ? key.content() : null,
                    letter.fault().reason(),
                    letter.fault().digest(),
                    letter.receivedAt(),
                    letter.attempts());
        }
    }

    /**
     * A letter with the complete record.
     *
     * @param timestamp the timestamp of the record
     * @param key null if the record has no key; its encoding is then null too
     * @param value null if the record has no value; its encoding is then null too
     */
    @RegisterForReflection
    record Detail(
            long id,
            String topic,
            int partition,
            long offset,
            Instant timestamp,
            @Nullable String key,
            @Nullable Encoding keyEncoding,
            @Nullable String value,
            @Nullable Encoding valueEncoding,
            List<Header> headers,
            String reason,
            String digest,
            Instant receivedAt,
            Instant lastAttemptAt,
            int attempts) {

        static Detail of(DeadLetter letter) {
            Text key = Text.of(letter.key());
            Text value = Text.of(letter.value());
            return new Detail(
                    letter.id(),
                    letter.topic(),
                    letter.partition(),
                    letter.offset(),
                    Instant.ofEpochMilli(letter.timestamp()),
                    key.content(),
                    key.encoding(),
                    value.content(),
                    value.encoding(),
                    letter.headers().stream().map(Header::of).toList(),
                    letter.fault().reason(),
                    letter.fault().digest(),
                    letter.receivedAt(),
                    letter.lastAttemptAt(),
                    letter.attempts());
        }
    }

    @RegisterForReflection
    record Header(
            String name, @Nullable String value, @Nullable Encoding encoding) {

        static Header of(DeadLetter.Header header) {
            Text value = Text.of(header.value());
            return new Header(header.name(), value.content(), value.encoding());
        }
    }

    /** The encoding of bytes in JSON. */
    @RegisterForReflection
    enum Encoding {
        @JsonProperty("utf-8")
        UTF_8,
        @JsonProperty("base64")
        BASE64
    }

    /** Bytes as text; without bytes, both are null. */
    private record Text(@Nullable String content, @Nullable Encoding encoding) {

        static Text of(byte @Nullable [] bytes) {
            if (bytes == null) {
                return new Text(null, null);
            }
            try {
                return new Text(
                        StandardCharsets.UTF_8
                                .newDecoder()
                                .decode(ByteBuffer.wrap(bytes))
                                .toString(),
                        Encoding.UTF_8);
            } catch (CharacterCodingException e) {
                return new Text(Base64.getEncoder().encodeToString(bytes), Encoding.BASE64);
            }
        }
    }

    /** Dead letters, the newest first; the next page is in the {@code Link} header. */
    @GET
    @Operation(operationId = "listDeadLetters", summary = "List dead letters, the newest first")
    public RestResponse<List<Summary>> list(
            @Parameter(description = "Only letters of this topic") @RestQuery @Nullable String topic,
            @Parameter(description = "Only letters with this fault") @RestQuery @Nullable String digest,
            @RestQuery @DefaultValue(Paging.DEFAULT) @Min(1) @Max(Paging.MAX) int limit,
            @RestQuery @Nullable Long after,
            @Context HttpServerRequest request) {
        long below = after == null ? Long.MAX_VALUE : after;
        List<DeadLetter> found = letters.newest(new DeadLetterTable.Filter(topic, digest), below, limit + 1);
        return Responses.page(found.stream().map(Summary::of).toList(), limit, Summary::id, request);
    }

    /** One letter with the complete record. */
    @GET
    @Path("/{id}")
    @Operation(operationId = "showDeadLetter", summary = "Show a dead letter with its value and headers")
    public Detail show(@RestPath long id) {
        return letters.byId(id).map(Detail::of).orElseThrow(() -> unknown(id));
    }

    /** Deletes the letter from the table; the record in its dead letter topic stays. */
    @DELETE
    @Path("/{id}")
    @Operation(operationId = "discardDeadLetter", summary = "Discard a dead letter")
    public void discard(@RestPath long id, @Context HttpHeaders headers) {
        Preconditions.of(headers).checkUnversioned();
        DeadLetter letter = letters.discard(id).orElseThrow(() -> unknown(id));
        metrics.discarded(letter.topic());
        Log.infof(
                "dead letter discarded topic=%s partition=%d offset=%d reason=%s",
                letter.topic(),
                letter.partition(),
                letter.offset(),
                letter.fault().reason());
    }

    /** It was replayed or discarded, or never existed. */
    public static Refusal unknown(long id) {
        return Refusal.unknownId("dead letter", id);
    }
}
