package dev.afterimage.projection.deadletter;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.afterimage.projection.web.Parameters;
import dev.afterimage.projection.web.ProblemType;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.logging.Log;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Shows and discards dead letters. */
@Path("/dead-letters")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "dead letters", description = "Refused records that are neither replayed nor discarded")
public class DeadLetterResource {

    private static final Pattern ID = Pattern.compile("[0-9]{1,18}");

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
                    key != null && key.encoding() == Encoding.UTF_8 ? key.content() : null,
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
                    key == null ? null : key.content(),
                    key == null ? null : key.encoding(),
                    value == null ? null : value.content(),
                    value == null ? null : value.encoding(),
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
            return value == null
                    ? new Header(header.name(), null, null)
                    : new Header(header.name(), value.content(), value.encoding());
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

    private record Text(String content, Encoding encoding) {

        static @Nullable Text of(byte @Nullable [] bytes) {
            if (bytes == null) {
                return null;
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
    @APIResponse(
            responseCode = "200",
            description = "a page of dead letters",
            content = @Content(schema = @Schema(implementation = Summary[].class)))
    @APIResponse(responseCode = "400", description = "a parameter cannot be read; the answer names it")
    public Response list(
            @Parameter(description = "only letters of this topic") @QueryParam("topic") @Nullable String topic,
            @Parameter(description = "only letters with this fault") @QueryParam("digest") @Nullable String digest,
            @Parameter(description = "maximum number, 1 to 200") @QueryParam("limit") @Nullable String limit,
            @Parameter(description = "from the Link header") @QueryParam("after") @Nullable String after,
            @Context HttpServerRequest request) {
        var parameters = new Parameters();
        var filter = filter(parameters, topic, digest);
        int rows = parameters.limit(limit);
        long below = parameters.readOr(
                Long.MAX_VALUE, "after", after, DeadLetterResource::id, "must come from a Link header");
        parameters.throwIfWrong();
        List<DeadLetter> found = letters.newest(filter, below, rows + 1);
        List<DeadLetter> page = found.subList(0, Math.min(rows, found.size()));
        var response = Response.ok(page.stream().map(Summary::of).toList());
        if (found.size() > rows) {
            response.header(
                    HttpHeaders.LINK,
                    Parameters.next(request, Long.toString(page.getLast().id())));
        }
        return response.build();
    }

    /** One letter with the complete record. */
    @GET
    @Path("/{id}")
    @Operation(operationId = "showDeadLetter", summary = "Show a dead letter with its value and headers")
    @APIResponse(
            responseCode = "200",
            description = "the dead letter",
            content = @Content(schema = @Schema(implementation = Detail.class)))
    @APIResponse(responseCode = "404", description = "it was replayed or discarded, or never existed")
    public Response show(@Schema(implementation = Long.class) @PathParam("id") String id) {
        return Response.ok(letters.byId(known(id)).map(Detail::of).orElseThrow(DeadLetterResource::unknown))
                .build();
    }

    /** Deletes the letter from the table; the record in its dead letter topic stays. */
    @DELETE
    @Path("/{id}")
    @Operation(operationId = "discardDeadLetter", summary = "Discard a dead letter")
    @APIResponse(responseCode = "204", description = "it is discarded")
    @APIResponse(responseCode = "404", description = "it was replayed or discarded, or never existed")
    public void discard(@Schema(implementation = Long.class) @PathParam("id") String id) {
        DeadLetter letter = letters.discard(known(id)).orElseThrow(DeadLetterResource::unknown);
        metrics.discarded(letter.topic());
        Log.infof(
                "Discarded a dead letter: %s topic=%s partition=%d offset=%d",
                letter.fault().reason(), letter.topic(), letter.partition(), letter.offset());
    }

    public static DeadLetterTable.Filter filter(
            Parameters parameters, @Nullable String topic, @Nullable String digest) {
        return new DeadLetterTable.Filter(
                parameters.read("topic", topic, Parameters::text, "must be text"),
                parameters.read("digest", digest, Parameters::text, "must be text"));
    }

    public static long known(String id) {
        try {
            return id(id);
        } catch (IllegalArgumentException e) {
            throw unknown();
        }
    }

    private static long id(String text) {
        if (!ID.matcher(text).matches()) {
            throw new IllegalArgumentException("no id");
        }
        return Long.parseLong(text);
    }

    public static HttpProblem unknown() {
        return ProblemType.UNKNOWN_ID
                .problem()
                .withDetail("No such dead letter waits.")
                .build();
    }
}
