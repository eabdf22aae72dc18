package dev.afterimage.shop.idempotency;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.shop.Reason;
import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.web.Answer;
import dev.afterimage.shop.web.Caller;
import dev.afterimage.shop.web.GuardingHeaders;
import io.quarkus.narayana.jta.QuarkusTransaction;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes a POST safe to repeat. The answer is stored in the transaction that does the work, so both exist or neither. A
 * repetition gets the same bytes. A repetition that arrives while the first request runs waits for it. A refusal
 * changes nothing and is not stored: the client may send the same key again. Keys of different callers are independent.
 */
@ApplicationScoped
public class Idempotency {

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
     * @throws Refusal when the key is longer than 255 characters or has characters other than visible ASCII, or was used
     *     before with another operation or request
     */
    public Answer<byte[]> once(@Nullable String key, String operation, Object request, Supplier<Answer<?>> work) {
        if (key == null) {
            return written(work.get());
        }
        if (!KEY.matcher(key).matches()) {
            throw Refusal.invalid(GuardingHeaders.IDEMPOTENCY_KEY, "must be 1 to 255 visible ASCII characters");
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
                throw new Refusal(
                        Reason.KEY_REUSED, "Send the same request as the first time, or use a new key.", Map.of());
            }
            if (claimed[1] != null) {
                return new Answer<>(((Number) claimed[1]).intValue(), (String) claimed[2], (String) claimed[3], (byte[])
                        claimed[4]);
            }
            var done = written(work.get());
            database.createNativeQuery(KEEP)
                    .setParameter("status", done.status())
                    .setParameter("location", done.location())
                    .setParameter("tag", done.tag())
                    .setParameter("body", done.body())
                    .setParameter("caller", caller.name())
                    .setParameter("key", key)
                    .executeUpdate();
            return done;
        });
    }

    private Answer<byte[]> written(Answer<?> done) {
        return new Answer<>(done.status(), done.location(), done.tag(), written(done.body()));
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
