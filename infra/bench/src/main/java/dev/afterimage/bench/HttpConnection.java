package dev.afterimage.bench;

import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * One HTTP/1.1 connection that is kept alive. It implements only the part of the protocol that this service's answers
 * need. The client shares the cores with the service that it measures, so it must be cheap.
 */
final class HttpConnection implements AutoCloseable {

    private static final String LENGTH = "content-length:";

    private final Socket socket;
    private final BufferedReader in;
    private final OutputStream out;

    HttpConnection(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(30_000);
        // Latin-1 has one character a byte
        in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
        out = socket.getOutputStream();
    }

    /**
     * Posts the JSON, which is ASCII, and returns the answer's body.
     *
     * @throws StackException when the answer is not 201
     */
    String post(String path, String json) throws IOException {
        out.write("""
                POST %s HTTP/1.1\r
                Host: %s\r
                Content-Type: application/json\r
                Content-Length: %d\r
                \r
                %s""".formatted(path, StackConfig.HOST, json.length(), json).getBytes(StandardCharsets.ISO_8859_1));
        String status = line(path);
        int length = 0;
        for (String header = line(path); !header.isEmpty(); header = line(path)) {
            if (header.regionMatches(true, 0, LENGTH, 0, LENGTH.length())) {
                length = Integer.parseInt(header.substring(LENGTH.length()).strip());
            }
        }
        char[] body = new char[length];
        for (int size = 0, read; size < length; size += read) {
            read = in.read(body, size, length - size);
            if (read < 0) {
                throw new EOFException("the connection ended during the answer to POST " + path);
            }
        }
        String answer = new String(body);
        if (!status.startsWith("HTTP/1.1 201")) {
            throw new StackException("POST %s is answered %s: %s".formatted(path, status, answer));
        }
        return answer;
    }

    private String line(String path) throws IOException {
        String line = in.readLine();
        if (line == null) {
            throw new EOFException("the connection ended during the answer to POST " + path);
        }
        return line;
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // all requests have been answered
        }
    }
}
