package dev.afterimage.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;

/**
 * The result of some seconds of orders by all clients of one side.
 *
 * @param seconds the real duration
 * @param nanos the duration of each order
 * @param cpu the CPU time of each process
 * @param busy the share of all cores that was busy, by any process
 */
@SuppressWarnings("ArrayRecordComponent") // boxing a million numbers would disturb the measurement
record Round(double seconds, long[] nanos, Cpu cpu, double busy) {

    private static final OperatingSystemMXBean MACHINE =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    /** Runs each client on its own thread, in a closed loop. */
    static Round run(List<OrderWriter.Client> clients, Duration duration, Cpu.Meter meter) throws Exception {
        CountDownLatch start = new CountDownLatch(1);
        List<Future<long[]>> running = new ArrayList<>();
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            for (OrderWriter.Client client : clients) {
                running.add(threads.submit(() -> {
                    start.await();
                    return loop(client, duration);
                }));
            }
            Cpu before = meter.read();
            // returns the load since the last call
            MACHINE.getCpuLoad();
            long began = System.nanoTime();
            start.countDown();
            List<long[]> nanos = new ArrayList<>();
            for (Future<long[]> client : running) {
                nanos.add(client.get());
            }
            double seconds = (System.nanoTime() - began) / 1e9;
            return new Round(
                    seconds,
                    nanos.stream().flatMapToLong(Arrays::stream).toArray(),
                    meter.read().since(before),
                    MACHINE.getCpuLoad());
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    private static long[] loop(OrderWriter.Client client, Duration duration) throws Exception {
        var nanos = LongStream.builder();
        long began = System.nanoTime();
        for (long now = began; now - began < duration.toNanos(); ) {
            client.place();
            long answered = System.nanoTime();
            nanos.add(answered - now);
            now = answered;
        }
        return nanos.build().toArray();
    }

    double ordersPerSecond() {
        return nanos.length / seconds;
    }
}
