package dev.afterimage.bench;

import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One HTTP/1.1 connection that is kept alive. It implements only the part of the protocol that this service's answers
 * need. The client shares the cores with the service that it measures, so it must be cheap.
 */
final class HttpConnection implements AutoCloseable {

    private static final int ANSWER_LIMIT_BYTES = 64 * 1024;
    private static final Pattern LENGTH = Pattern.compile("\r\ncontent-length: *([0-9]{1,9})\r\n");

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private final byte[] answer = new byte[ANSWER_LIMIT_BYTES];

    HttpConnection(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(30_000);
        in = socket.getInputStream();
        out = socket.getOutputStream();
    }

    /**
     * Posts the JSON and returns the answer's body.
     *
     * @throws StackException when the answer is not 201
     */
    String post(String path, String json) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        byte[] head = """
                POST %s HTTP/1.1\r
                Host: %s\r
                Content-Type: application/json\r
                Content-Length: %d\r
                \r
                """.formatted(path, StackConfig.HOST, body.length).getBytes(StandardCharsets.ISO_8859_1);
        byte[] request = new byte[head.length + body.length];
        System.arraycopy(head, 0, request, 0, head.length);
        System.arraycopy(body, 0, request, head.length, body.length);
        out.write(request);
        return answer(path);
    }

    private String answer(String path) throws IOException {
        int size = 0;
        int bodyAt = -1;
        int end = Integer.MAX_VALUE;
        while (size < end) {
            int read = in.read(answer, size, answer.length - size);
            if (read <= 0) {
                throw new IOException("the connection ended during the answer to POST " + path);
            }
            size += read;
            if (bodyAt < 0) {
                String soFar = new String(answer, 0, size, StandardCharsets.ISO_8859_1);
                bodyAt = soFar.indexOf("\r\n\r\n") + 4;
                if (bodyAt < 4) {
                    bodyAt = -1;
                    continue;
                }
                Matcher length = LENGTH.matcher(soFar.substring(0, bodyAt).toLowerCase(Locale.ROOT));
                end = bodyAt + (length.find() ? Integer.parseInt(length.group(1)) : 0);
            }
        }
        String body = new String(answer, bodyAt, end - bodyAt, StandardCharsets.UTF_8);
        if (answer[9] != '2' || answer[10] != '0' || answer[11] != '1') {
            throw new StackException("POST %s is answered %s: %s"
                    .formatted(path, new String(answer, 9, 3, StandardCharsets.ISO_8859_1), body));
        }
        return body;
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
