package dev.afterimage.stack;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One end of the connection between a {@link SharedStack} and its {@link StackDaemon}: one JSON value per line in both
 * directions. The daemon begins with {@link #HELLO}.
 */
final class StackConnection implements AutoCloseable {

    /** Tells a daemon from another program that has got the port of a daemon that has ended. */
    static final String HELLO = "afterimage";

    static final ObjectMapper JSON = new ObjectMapper().setDefaultPropertyInclusion(JsonInclude.Include.NON_NULL);

    /** To the daemon: one of the two. */
    record Question(@Nullable StackRequest join, StackRequest.@Nullable Look look) {}

    /**
     * From the daemon: one of the four.
     *
     * @param ready the request is fulfilled
     * @param failed the reason why the request is not fulfilled
     * @param news a line for the user, at any time
     * @param view the answer to a look
     */
    record Answer(
            StackRequest.@Nullable Addresses ready,
            @Nullable String failed,
            @Nullable String news,
            StackRequest.@Nullable View view) {

        static Answer ready(StackRequest.Addresses addresses) {
            return new Answer(addresses, null, null, null);
        }

        static Answer failed(String reason) {
            return new Answer(null, reason, null, null);
        }

        static Answer news(String line) {
            return new Answer(null, null, line, null);
        }

        static Answer view(StackRequest.View view) {
            return new Answer(null, null, null, view);
        }
    }

    private final Socket socket;
    private final BufferedReader in;

    StackConnection(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    }

    synchronized void send(Object message) throws IOException {
        socket.getOutputStream().write((JSON.writeValueAsString(message) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Waits for the next value; null when the other end has closed the connection. */
    <T> @Nullable T read(Class<T> type) throws IOException {
        String line = in.readLine();
        return line == null ? null : JSON.readValue(line, type);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // the connection ends with this process at the latest
        }
    }
}
