package dev.mimic.engine.model;

import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.attention.KeyValues;
import dev.mimic.loader.model.ModelConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The keys and values of one sequence in all layers, in native memory of its own; freed by {@link #close()}. */
public final class KeyValueCache implements AutoCloseable {
    private static final long ALIGNMENT = 64;

    private final Arena arena;
    private final KeyValueType type;
    private final KeyValues[] layers;
    private final int capacity;

    private KeyValueCache(Arena arena, KeyValueType type, KeyValues[] layers, int capacity) {
        this.arena = arena;
        this.type = type;
        this.layers = layers;
        this.capacity = capacity;
    }

    /**
     * Makes an empty cache.
     *
     * @param capacity positions
     * @throws IllegalStateException naming the bytes needed if there is no memory for it
     */
    public static KeyValueCache of(ModelConfig config, KeyValueType type, int capacity) {
        return of(config, type, capacity, config.layers());
    }

    /**
     * Makes a cache of F32 whose layers share the memory of one: for sequences that go through the model whole, in a single
     * step, as training has them.
     *
     * @param capacity positions
     * @throws IllegalStateException naming the bytes needed if there is no memory for it
     */
    public static KeyValueCache passing(ModelConfig config, int capacity) {
        return of(config, KeyValueType.F32, capacity, 1);
    }

    @SuppressWarnings("resource") // closed by close(), or here if there is no memory
    private static KeyValueCache of(ModelConfig config, KeyValueType type, int capacity, int held) {
        Arena arena = Arena.ofShared();
        try {
            long keys = aligned(type.keyBytes(config.kvHeads(), config.headSize(), capacity));
            long values = aligned(type.valueBytes(config.kvHeads(), config.headSize(), capacity));
            MemorySegment all = arena.allocate((keys + values) * held, ALIGNMENT);
            KeyValues[] layers = new KeyValues[config.layers()];
            for (int i = 0; i < layers.length; i++) {
                long from = (i % held) * (keys + values);
                layers[i] = new KeyValues(type, all.asSlice(from, keys), all.asSlice(from + keys, values), capacity);
            }
            return new KeyValueCache(arena, type, layers, capacity);
        } catch (OutOfMemoryError e) {
            arena.close();
            throw new IllegalStateException(
                    "key-value cache: no memory for " + capacity + " positions, " + bytes(config, type, capacity)
                            + " bytes needed (" + e.getMessage() + ")",
                    e);
        }
    }

    /** Bytes that a cache of that many positions takes. */
    public static long bytes(ModelConfig config, KeyValueType type, int capacity) {
        long keys = type.keyBytes(config.kvHeads(), config.headSize(), capacity);
        long values = type.valueBytes(config.kvHeads(), config.headSize(), capacity);
        return Math.multiplyExact(config.layers(), aligned(keys) + aligned(values));
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }

    /** How its elements are held. */
    public KeyValueType type() {
        return type;
    }

    /** Positions it has room for. */
    public int capacity() {
        return capacity;
    }

    KeyValues layer(int layer) {
        return layers[layer];
    }

    /** Frees the memory. */
    @Override
    public void close() {
        arena.close();
    }
}
