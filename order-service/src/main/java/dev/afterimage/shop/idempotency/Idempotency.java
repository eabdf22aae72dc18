package dev.afterimage.shop.idempotency;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.shop.web.Caller;
import dev.afterimage.shop.web.Refusal;
import io.quarkus.narayana.jta.QuarkusTransaction;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.util.Arrays;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.RestResponse.ResponseBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Makes a POST safe to repeat. The answer is stored in the transaction that does the work, so both exist or neither. A
 * repetition gets the same bytes. A repetition that arrives while the first request runs waits for it. A refusal
 * changes nothing and is not stored: the client may send the same key again. Keys of different callers are independent.
 */
@ApplicationScoped
public class Idempotency {
    public static final String HEADER = "Idempotency-Key";
    /** The content type of an answer to a request without a key. */
    private static final MediaType JSON = MediaType.APPLICATION_JSON_TYPE.withCharset("UTF-8");

    private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]{1,255}");

    /**
     * Claims the key, or waits for the transaction that claimed it. The update changes no value; it locks the row and
     * returns it.
     */
    private static final String CLAIM = """
            insert into idempotency_keys as k (caller, key, fingerprint, created_at)
            values (:caller, :key, :fingerprint, :now)
            on conflict (caller, key) do update set key = k.key
            returning fingerprint, status, location, tag, body
            """;

    private static final String KEEP = """
            update idempotency_keys set status = :status, location = :location, tag = :tag, body = :body
            where caller = :caller and key = :key
            """;

    private final EntityManager database;
    private final ObjectMapper json;
    private final Clock clock;
    private final Caller caller;

    public Idempotency(EntityManager database, ObjectMapper json, Clock clock, Caller caller) {
        this.database = database;
        this.json = json;
        this.clock = clock;
        this.caller = caller;
    }

    /**
     * Does the work once per key. Without a key, does it on each call.
     *
     * @param operation method and path, such as {@code POST /orders}
     * @param work joins the transaction that claims the key
     * @throws Refusal.InvalidFields when the key is longer than 255 characters or has characters other than visible
     *     ASCII
     * @throws Refusal.KeyReused when the key was used before with another operation or request
     */
    public RestResponse<byte[]> once(
            @Nullable String key, String operation, Object request, Supplier<? extends RestResponse<?>> work) {
        if (key == null) {
            var done = work.get();
            return answer(
                    done.getStatus(),
                    done.getHeaderString(HttpHeaders.LOCATION),
                    done.getHeaderString(HttpHeaders.ETAG),
                    written(done.getEntity()));
        }
        if (!KEY.matcher(key).matches()) {
            throw new Refusal.InvalidFields(HEADER, "must be 1 to 255 visible ASCII characters");
        }
        return QuarkusTransaction.requiringNew().call(() -> {
            var fingerprint = fingerprint(operation, request);
            var claimed = (Object[]) database.createNativeQuery(CLAIM, Object[].class)
                    .setParameter("caller", caller.name())
                    .setParameter("key", key)
                    .setParameter("fingerprint", fingerprint)
                    .setParameter("now", clock.instant())
                    .getSingleResult();
            if (!Arrays.equals(fingerprint, (byte[]) claimed[0])) {
                throw new Refusal.KeyReused();
            }
            if (claimed[1] != null) {
                return answer(((Number) claimed[1]).intValue(), (String) claimed[2], (String) claimed[3], (byte[])
                        claimed[4]);
            }
            var done = work.get();
            var location = done.getHeaderString(HttpHeaders.LOCATION);
            var tag = done.getHeaderString(HttpHeaders.ETAG);
            var body = written(done.getEntity());
            database.createNativeQuery(KEEP)
                    .setParameter("status", done.getStatus())
                    .setParameter("location", location)
                    .setParameter("tag", tag)
                    .setParameter("body", body)
                    .setParameter("caller", caller.name())
                    .setParameter("key", key)
                    .executeUpdate();
            return answer(done.getStatus(), location, tag, body);
        });
    }

    private static RestResponse<byte[]> answer(
            int status, @Nullable String location, @Nullable String tag, byte[] body) {
        var answer = ResponseBuilder.<byte[]>create(status).entity(body).type(JSON);
        if (location != null) {
            answer.header(HttpHeaders.LOCATION, location);
        }
        if (tag != null) {
            answer.header(HttpHeaders.ETAG, tag);
        }
        return answer.build();
    }

    private byte[] fingerprint(String operation, Object request) {
        try {
            var sha = MessageDigest.getInstance("SHA-256");
            sha.update(operation.getBytes(StandardCharsets.UTF_8));
            return sha.digest(written(request));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private byte[] written(Object value) {
        try {
            return json.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
