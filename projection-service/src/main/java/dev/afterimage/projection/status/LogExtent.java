package dev.afterimage.projection.status;

import dev.afterimage.projection.status.StreamPosition.Partition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/** The part of each partition that the event log has. */
record LogExtent(SortedMap<Partition, Offsets> partitions) {

    /**
     * The offsets of a partition.
     *
     * @param first the log is complete from here on
     * @param next the next offset that the feed will apply
     */
    record Offsets(long first, long next) {}

    /** The offsets of a partition from {@code from} to before {@code until}. */
    record Part(Partition partition, long from, long until) {}

    /**
     * What follows a position.
     *
     * @param end the position behind it
     * @param left the offsets between the position and {@code end} that are in no part
     * @param isLast whether {@code end} is the end of the log
     */
    record Stretch(List<Part> parts, StreamPosition end, long left, boolean isLast) {}

    StreamPosition end() {
        Map<Partition, Long> next = new HashMap<>();
        partitions.forEach((partition, offsets) -> next.put(partition, offsets.next()));
        return new StreamPosition(next);
    }

    /** The oldest offsets behind the position, about {@code limit} of them. */
    Stretch oldest(StreamPosition from, int limit) {
        return stretch(from, limit, true);
    }

    /** The newest offsets behind the position, about {@code limit} of them. */
    Stretch newest(StreamPosition from, int limit) {
        return stretch(from, limit, false);
    }

    private Stretch stretch(StreamPosition from, int limit, boolean oldest) {
        List<Part> all = new ArrayList<>();
        long left = 0;
        long size = 0;
        for (Map.Entry<Partition, Offsets> each : partitions.entrySet()) {
            Offsets offsets = each.getValue();
            Long position = from.next(each.getKey());
            long begin = Math.max(offsets.first(), position == null ? 0 : position);
            left += position == null ? 0 : begin - position;
            if (begin < offsets.next()) { // a topic that was created again is behind the position
                all.add(new Part(each.getKey(), begin, offsets.next()));
                size += offsets.next() - begin;
            }
        }
        if (size <= limit) {
            return new Stretch(all, end(), left, true);
        }
        long share = Math.max(1, limit / all.size());
        Map<Partition, Long> next = new HashMap<>();
        partitions.forEach((partition, offsets) -> next.put(partition, offsets.next()));
        List<Part> some = new ArrayList<>();
        for (Part part : all) {
            if (oldest) {
                long until = Math.min(part.until(), part.from() + share);
                some.add(new Part(part.partition(), part.from(), until));
                next.put(part.partition(), until);
            } else {
                long begin = Math.max(part.from(), part.until() - share);
                some.add(new Part(part.partition(), begin, part.until()));
                left += begin - part.from();
            }
        }
        return new Stretch(some, new StreamPosition(next), left, !oldest);
    }
}
