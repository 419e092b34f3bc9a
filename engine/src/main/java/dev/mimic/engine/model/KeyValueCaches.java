package dev.mimic.engine.model;

import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.loader.model.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * Caches of ended sequences, kept for the next ones up to a limit: making and freeing memory that threads share costs
 * more than a short sequence does. Threads may share it. Whoever makes it closes it.
 */
public final class KeyValueCaches implements AutoCloseable {
    /** Bytes kept idle at most. */
    private static final long MOST_IDLE = 1L << 26;

    /** Capacities are multiples of this. */
    private static final int STEP = 32;

    private final ModelConfig config;
    private final KeyValueType type;
    private final List<KeyValueCache> idle = new ArrayList<>();
    private long idleBytes;

    public KeyValueCaches(ModelConfig config, KeyValueType type) {
        this.config = config;
        this.type = type;
    }

    /**
     * A cache whose content is of no meaning; to be given back.
     *
     * @param positions positions that it has room for at least
     * @throws IllegalStateException naming the bytes needed if there is no memory for it
     */
    public synchronized KeyValueCache take(int positions) {
        for (int i = idle.size() - 1; i >= 0; i--) {
            int capacity = idle.get(i).capacity();
            if (capacity >= positions && capacity <= 2L * positions + STEP) {
                idleBytes -= KeyValueCache.bytes(config, type, capacity);
                return idle.remove(i);
            }
        }
        return KeyValueCache.of(
                config, type, (int) Math.min(Integer.MAX_VALUE, ((long) positions + STEP - 1) / STEP * STEP));
    }

    /** Takes a cache back, for later or to free it. */
    public synchronized void giveBack(KeyValueCache cache) {
        long bytes = KeyValueCache.bytes(config, type, cache.capacity());
        if (idleBytes + bytes > MOST_IDLE) {
            cache.close();
        } else {
            idle.add(cache);
            idleBytes += bytes;
        }
    }

    /** Frees what is idle. */
    @Override
    public synchronized void close() {
        idle.forEach(KeyValueCache::close);
        idle.clear();
        idleBytes = 0;
    }

    /** Bytes that a sequence takes of them. */
    public long bytes(int positions) {
        return KeyValueCache.bytes(config, type, positions);
    }
}
