package dev.afterimage.projection.page;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A relay between browser and service, so that the service can disappear and return at the same address. */
final class Relay implements AutoCloseable {

    private final int servicePort;
    private final List<Socket> connections = new CopyOnWriteArrayList<>();
    private ServerSocket listener;

    Relay(int servicePort) throws IOException {
        this.servicePort = servicePort;
        listener = listener(0);
    }

    int port() {
        return listener.getLocalPort();
    }

    /** Ends every connection and refuses new ones, as when the service is killed. */
    void cut() throws IOException {
        listener.close();
        for (Socket connection : connections) {
            connection.close();
        }
    }

    /** Accepts connections again. */
    void listen() throws IOException {
        listener = listener(port());
    }

    @Override
    public void close() throws IOException {
        cut();
    }

    private ServerSocket listener(int port) throws IOException {
        var opened = new ServerSocket(port, 0, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    connect(opened.accept());
                }
            } catch (IOException e) {
                // cut
            }
        });
        return opened;
    }

    private void connect(Socket browser) throws IOException {
        var service = new Socket("localhost", servicePort);
        connections.addAll(List.of(browser, service));
        Thread.ofVirtual().start(() -> copy(browser, service));
        Thread.ofVirtual().start(() -> copy(service, browser));
    }

    private static void copy(Socket from, Socket to) {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException e) {
            // cut, or one side closed the connection
        }
    }
}
