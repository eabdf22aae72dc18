package dev.afterimage.projection.view;

import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.EnvelopeReader;
import dev.afterimage.projection.change.MalformedRecord;
import dev.afterimage.projection.view.order.OrderModel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Random histories of a few orders: any event, in any order, any number of times. */
public final class Histories {

    private static final EnvelopeReader READER = new EnvelopeReader(List.of(new OrderModel()));

    private final Random random;
    private final List<OrderEvents> orders = new ArrayList<>();

    public Histories(Random random, int howManyOrders) {
        this.random = random;
        for (int i = 0; i < howManyOrders; i++) {
            orders.add(new OrderEvents(new UUID(random.nextLong(), random.nextLong())));
        }
    }

    public List<UUID> ids() {
        return orders.stream().map(order -> order.id).toList();
    }

    public List<Change> changes(int howMany) {
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < howMany; i++) {
            changes.add(change(orders.get(random.nextInt(orders.size()))));
        }
        return changes;
    }

    /** Cuts the changes into batches of random size. */
    public List<List<Change>> batches(List<Change> changes) {
        List<List<Change>> batches = new ArrayList<>();
        for (int from = 0; from < changes.size(); ) {
            int to = Math.min(changes.size(), from + 1 + random.nextInt(8));
            batches.add(changes.subList(from, to));
            from = to;
        }
        return batches;
    }

    private Change change(OrderEvents order) {
        int version = 2 + random.nextInt(5);
        return switch (random.nextInt(6)) {
            case 0 -> read(order.id, order.placed());
            case 1, 2 -> read(order.id, order.changed(version));
            case 3 -> read(order.id, order.snapshot(version));
            case 4 -> read(order.id, order.deleted(version));
            default -> read(order.id, null);
        };
    }

    public static Change read(UUID id, @Nullable String value) {
        try {
            return READER.read(
                    OrderTopic.NAME,
                    id.toString().getBytes(StandardCharsets.UTF_8),
                    value == null ? null : value.getBytes(StandardCharsets.UTF_8));
        } catch (MalformedRecord e) {
            throw new AssertionError(e);
        }
    }
}
