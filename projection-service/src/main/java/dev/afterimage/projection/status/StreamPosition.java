package dev.afterimage.projection.status;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A position in the live stream: the next offset of each partition. It is the id of the event before it, so that a
 * client can continue on any instance, although each instance mixes the partitions in its own order.
 */
final class StreamPosition {

    /** A partition of a topic. */
    record Partition(String topic, int number) implements Comparable<Partition> {

        @Override
        public int compareTo(Partition other) {
            int byTopic = topic.compareTo(other.topic);
            return byTopic == 0 ? Integer.compare(number, other.number) : byTopic;
        }
    }

    /** As in {@code customer.events:0@5,1@7;order.events:0@12}. */
    private static final Pattern TEXT = Pattern.compile("TOPIC:OFFSETS(;TOPIC:OFFSETS)*|none"
            .replace("TOPIC", "[A-Za-z0-9._-]{1,249}")
            .replace("OFFSETS", "[0-9]{1,9}@[0-9]{1,18}(,[0-9]{1,9}@[0-9]{1,18})*"));

    private static final String NONE = "none";

    private final SortedMap<Partition, Long> next;

    StreamPosition(Map<Partition, Long> next) {
        this.next = new TreeMap<>(next);
    }

    /** @throws IllegalArgumentException when the text is not the {@link #toString} of a position */
    static StreamPosition of(String text) {
        if (!TEXT.matcher(text).matches()) {
            throw new IllegalArgumentException("no position");
        }
        SortedMap<Partition, Long> next = new TreeMap<>();
        if (!text.equals(NONE)) {
            for (String topic : text.split(";", -1)) {
                String name = topic.substring(0, topic.indexOf(':'));
                for (String offset : topic.substring(name.length() + 1).split(",", -1)) {
                    int at = offset.indexOf('@');
                    next.put(
                            new Partition(name, Integer.parseInt(offset.substring(0, at))),
                            Long.parseLong(offset.substring(at + 1)));
                }
            }
        }
        return new StreamPosition(next);
    }

    StreamPosition copy() {
        return new StreamPosition(next);
    }

    /** The next offset; null for a partition that did not exist. */
    @Nullable Long next(Partition partition) {
        return next.get(partition);
    }

    /** Whether the position is behind the record at this offset. */
    boolean isBehind(Partition partition, long offset) {
        Long position = next.get(partition);
        return position != null && offset < position;
    }

    /** Moves the position behind the event; a replayed dead letter is before the position and does not move it. */
    void pass(LiveEvent event) {
        next.merge(new Partition(event.topic(), event.partition()), event.offset() + 1, Math::max);
    }

    @Override
    public String toString() {
        var text = new StringBuilder();
        String topic = "";
        for (Map.Entry<Partition, Long> each : next.entrySet()) {
            Partition partition = each.getKey();
            if (partition.topic().equals(topic)) {
                text.append(',');
            } else {
                topic = partition.topic();
                text.append(text.isEmpty() ? "" : ";").append(topic).append(':');
            }
            text.append(partition.number()).append('@').append(each.getValue());
        }
        return text.isEmpty() ? NONE : text.toString();
    }
}
