package dev.afterimage.projection.deadletter;

import dev.afterimage.projection.change.MalformedRecord;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * The reason why a record becomes a dead letter.
 *
 * @param reason one line, for people
 * @param digest identifies the fault: equal faults of different records have the same digest. It is computed from the
 *     reason without its numbers, from the database's SQLSTATE and constraint, or from the place where the reader
 *     failed
 */
public record Fault(String reason, String digest) {

    private static final String OWN_PACKAGES = "dev.afterimage.";
    private static final int OWN_FRAMES = 3;
    private static final int DIGEST_BYTES = 6;

    public static Fault of(MalformedRecord malformed) {
        return new Fault(malformed.reason(), digest(malformed.reason().replaceAll("[0-9]+", "#")));
    }

    /** The digest uses no line numbers, so that it stays the same when the surrounding code changes. */
    public static Fault of(RuntimeException readerFailure) {
        Stream<String> chain = Stream.iterate((Throwable) readerFailure, cause -> cause != null, Throwable::getCause)
                .map(cause -> cause.getClass().getName());
        Stream<String> frames = Stream.of(readerFailure.getStackTrace())
                .filter(frame -> frame.getClassName().startsWith(OWN_PACKAGES))
                .limit(OWN_FRAMES)
                .map(frame -> frame.getClassName() + "." + frame.getMethodName());
        return new Fault(
                "the reader failed on it", digest(Stream.concat(chain, frames).collect(Collectors.joining("\n"))));
    }

    public static Fault of(SQLException refusal) {
        ServerErrorMessage message = refusal instanceof PSQLException e ? e.getServerErrorMessage() : null;
        String constraint = message == null ? null : message.getConstraint();
        return new Fault(
                "the database refuses its data, SQLSTATE " + refusal.getSQLState(),
                digest(refusal.getSQLState() + "\n" + constraint));
    }

    private static String digest(String place) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(place.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, DIGEST_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // each Java platform has it
        }
    }
}
