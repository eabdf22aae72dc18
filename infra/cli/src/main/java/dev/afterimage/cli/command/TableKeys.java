package dev.afterimage.cli.command;

import java.util.Arrays;

/**
 * The keys of a table, each with whether its row fits a condition. A key takes 8 to 16 bytes, because only 63 bits of its
 * hash are kept: of a million keys, two are taken for one with a probability of 1 to 18 million.
 */
final class TableKeys {

    private static final int SMALLEST = 1 << 10;

    /** An open hash table: the hashes, with {@code fits} in the lowest bit; 0 is a free slot. */
    private long[] slots = new long[SMALLEST];

    private int size;
    private int fitting;

    int size() {
        return size;
    }

    /** The number of keys whose rows fit. */
    int fitting() {
        return fitting;
    }

    void put(String key, boolean fits) {
        remove(key);
        if (size + 1 > slots.length / 4 * 3) {
            long[] smaller = slots;
            slots = new long[2 * smaller.length];
            Arrays.stream(smaller).filter(entry -> entry != 0).forEach(entry -> slots[slotOf(entry)] = entry);
        }
        long entry = hash(key) | (fits ? 1 : 0);
        slots[slotOf(entry)] = entry;
        size++;
        fitting += fits ? 1 : 0;
    }

    void remove(String key) {
        int free = slotOf(hash(key));
        if (slots[free] == 0) {
            return;
        }
        size--;
        fitting -= (int) (slots[free] & 1);
        // later entries move forward, so that no search for them ends at the free slot
        for (int next = after(free); slots[next] != 0; next = after(next)) {
            int mask = slots.length - 1;
            if (((next - first(slots[next])) & mask) >= ((next - free) & mask)) {
                slots[free] = slots[next];
                free = next;
            }
        }
        slots[free] = 0;
    }

    void clear() {
        slots = new long[SMALLEST];
        size = 0;
        fitting = 0;
    }

    /** The slot of the entry, else the free slot for it. */
    private int slotOf(long entry) {
        int slot = first(entry);
        while (slots[slot] != 0 && slots[slot] >>> 1 != entry >>> 1) {
            slot = after(slot);
        }
        return slot;
    }

    private int first(long entry) {
        return (int) (entry >>> 32) & (slots.length - 1);
    }

    private int after(int slot) {
        return (slot + 1) & (slots.length - 1);
    }

    /** FNV-1a, then the last step of MurmurHash3; even, and never 0. */
    private static long hash(String key) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < key.length(); i++) {
            hash = (hash ^ key.charAt(i)) * 0x100000001b3L;
        }
        hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
        hash = (hash ^ hash >>> 33) & ~1L;
        return hash == 0 ? 2 : hash;
    }
}
