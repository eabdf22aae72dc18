package dev.afterimage.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.cli.service.ProcessMemory;
import dev.afterimage.stack.ConnectWorker;
import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import dev.afterimage.testing.Database;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;

/** A side of the comparison while its services and its Connect worker run. */
final class PeerRun implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final Duration LOOK = Duration.ofMillis(50);
    /** Longer than the default polling interval of a connector, half a second. */
    private static final Duration QUIET = Duration.ofMillis(1500);

    private static final ObjectMapper JSON = new ObjectMapper();

    private final PeerSide side;
    private final Postgres postgres;
    private final KafkaBroker broker;
    private final Admin kafka;
    private final CustomersAndProducts shop;
    private final ConnectWorker connect;
    private final QuarkusJar orders;
    private QuarkusJar consumer;
    private List<PeerSide.Rows> followers = List.of();

    /** Starts the services and the worker, without connectors. */
    PeerRun(PeerSide side, StackConfig stack, Postgres postgres, KafkaBroker broker, CustomersAndProducts shop) {
        this.side = side;
        this.postgres = postgres;
        this.broker = broker;
        this.kafka = broker.admin();
        this.shop = shop;
        connect = new ConnectWorker(stack);
        if (!side.exactlyOnce()) {
            connect.publishAtLeastOnce();
        }
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(connect::close));
        connect.start();
        orders = side.orders().get().startForThisRun();
        consumer = side.consumer().get().startForThisRun();
    }

    /**
     * The times of one order in nanoseconds.
     *
     * @param answered from the POST to its answer
     * @param readable from the POST until the order is in the consumer's table
     */
    record Times(long answered, long readable) {

        static double[] percentiles(List<Times> all, ToLongFunction<Times> time) {
            long[] sorted = all.stream().mapToLong(time).sorted().toArray();
            return new double[] {at(sorted, 0.5), at(sorted, 0.99)};
        }

        private static double at(long[] sorted, double quantile) {
            return sorted[(int) Math.ceil(quantile * sorted.length) - 1] / 1e6;
        }
    }

    /** Runs these connectors and no others, and waits until they have caught up. */
    void connect(PeerSide.Variant variant) {
        connect.connectors().names().stream()
                .filter(running -> !variant.connectors().containsKey(running))
                .forEach(connect.connectors()::delete);
        variant.connectors().forEach(connect.connectors()::apply);
        followers = variant.followers();
        awaitFollowers();
    }

    /** Places orders at fixed times, however slow the answers are. */
    List<Times> atRate(int rate, int seconds) throws Exception {
        Queue<HttpConnection> idle = new ConcurrentLinkedQueue<>();
        List<Future<Times>> running = new ArrayList<>();
        try (var readable = new ReadableOrders(postgres.connect(side.readable().database()), side.readable());
                ExecutorService clients = Executors.newCachedThreadPool()) {
            long start = System.nanoTime();
            for (int i = 0; i < rate * seconds; i++) {
                LockSupport.parkNanos(start + i * 1_000_000_000L / rate - System.nanoTime());
                running.add(clients.submit(() -> place(idle, readable)));
            }
        }
        idle.forEach(HttpConnection::close);
        List<Times> times = new ArrayList<>();
        for (Future<Times> order : running) {
            times.add(order.get());
        }
        return times;
    }

    private Times place(Queue<HttpConnection> idle, ReadableOrders readable) throws Exception {
        HttpConnection free = idle.poll();
        HttpConnection connection = free == null ? orders.connect() : free;
        String order = shop.choose().order();
        long sent = System.nanoTime();
        String answer = connection.post("/orders", order);
        long answered = System.nanoTime();
        idle.add(connection);
        String id = JSON.readTree(answer).required("id").asText();
        return new Times(answered - sent, readable.await(id) - sent);
    }

    /** Places orders in a closed loop, waits until they are readable, and returns the orders a second of the loop. */
    double ordersPerSecond(int clients, Duration duration) throws Exception {
        List<OrderWriter.Client> connected = new HttpOrders(orders, shop).connect(clients);
        try {
            return Round.run(connected, duration, new Cpu.Meter(postgres, orders))
                    .ordersPerSecond();
        } finally {
            connected.forEach(OrderWriter.Client::close);
            awaitFollowers();
        }
    }

    /**
     * Stops the consumer, places orders, and starts the consumer when their events are published. Returns its orders a
     * second since it is a member of its group.
     *
     * @param count at least so many orders
     */
    double behind(int count) throws Exception {
        consumer.close();
        await("the group to be empty", () -> state() == GroupState.EMPTY);
        long before = count(side.placed());
        List<OrderWriter.Client> connected = new HttpOrders(orders, shop).connect(8);
        while (count(side.placed()) < before + count) {
            Round.run(connected, Duration.ofSeconds(1), new Cpu.Meter(postgres, orders));
        }
        connected.forEach(OrderWriter.Client::close);
        awaitPublished();
        long all = count(side.placed());
        consumer = side.consumer().get().startForThisRun();
        await("the consumer to join its group", () -> state() == GroupState.STABLE);
        long began = System.nanoTime();
        await("the orders to be readable", () -> count(side.readable()) == all);
        double seconds = (System.nanoTime() - began) / 1e9;
        awaitFollowers();
        return (all - before) / seconds;
    }

    private GroupState state() {
        try {
            return kafka.describeConsumerGroups(List.of(side.group()))
                    .all()
                    .get()
                    .values()
                    .iterator()
                    .next()
                    .groupState();
        } catch (Exception e) {
            throw new StackException("Kafka does not describe the consumer group: " + e.getMessage(), e);
        }
    }

    /** Waits until the topics do not grow. */
    private void awaitPublished() throws Exception {
        long before = -1;
        for (long now = recordsOfAllTopics(); now != before; now = recordsOfAllTopics()) {
            before = now;
            Thread.sleep(QUIET);
        }
    }

    private long recordsOfAllTopics() throws Exception {
        Map<TopicPartition, OffsetSpec> partitions = new HashMap<>();
        for (TopicPartition partition : KafkaBroker.partitions(kafka)) {
            if (!partition.topic().startsWith("__") && !partition.topic().startsWith("connect.")) {
                partitions.put(partition, OffsetSpec.latest());
            }
        }
        return kafka.listOffsets(partitions).all().get().values().stream()
                .mapToLong(end -> end.offset())
                .sum();
    }

    private void awaitFollowers() {
        long all = count(side.placed());
        for (PeerSide.Rows follower : followers) {
            await(follower.table() + " to have all orders", () -> count(follower) == all);
        }
        await("all processes to be idle", this::idle);
    }

    /** Whether all processes together use less than 0.7 of a core for a second; idle they use about 0.4. */
    private boolean idle() {
        Duration before = cpu();
        LockSupport.parkNanos(1_000_000_000L);
        return cpu().minus(before).toMillis() < 700;
    }

    private long count(PeerSide.Rows rows) {
        return Database.of(postgres.jdbcUrl(rows.database())).number("select count(*) from " + rows.table());
    }

    private void await(String what, BooleanSupplier condition) {
        if (!Server.await(LIMIT, LOOK, condition)) {
            throw new StackException("Waited in vain for %s; %s. %s"
                    .formatted(what, connect.connectors().all(), consumer.lastWords()));
        }
    }

    Duration cpuOfConnect() {
        return Cpu.used(Cpu.process(connect));
    }

    /** The CPU time of PostgreSQL, Kafka, Connect and both services. */
    Duration cpu() {
        return Stream.of(postgres, broker, connect, orders, consumer)
                .map(Cpu::process)
                .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()))
                .map(Cpu::used)
                .reduce(Duration.ZERO, Duration::plus);
    }

    long bytesOfServices() throws IOException {
        return ProcessMemory.bytes(Cpu.process(orders).pid())
                + ProcessMemory.bytes(Cpu.process(consumer).pid());
    }

    /** Deletes the connectors and stops the processes. */
    @Override
    public void close() {
        connect.connectors().names().forEach(connect.connectors()::delete);
        Server.closeAll(orders, consumer, connect);
        kafka.close();
    }
}
