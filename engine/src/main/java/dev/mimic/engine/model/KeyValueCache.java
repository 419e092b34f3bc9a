package dev.mimic.engine.model;

import dev.mimic.kernels.attention.KeyValues;
import dev.mimic.loader.model.ModelConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The keys and values of one sequence in all layers, F32, in native memory of its own; freed by {@link #close()}. */
public final class KeyValueCache implements AutoCloseable {
    private static final long ALIGNMENT = 64;

    private final Arena arena;
    private final KeyValues[] layers;
    private final int capacity;

    private KeyValueCache(Arena arena, KeyValues[] layers, int capacity) {
        this.arena = arena;
        this.layers = layers;
        this.capacity = capacity;
    }

    /**
     * Makes an empty cache.
     *
     * @param capacity positions
     * @throws IllegalStateException naming the bytes needed if there is no memory for it
     */
    public static KeyValueCache of(ModelConfig config, int capacity) {
        return of(config, capacity, config.layers());
    }

    /**
     * Makes a cache whose layers share the memory of one: for sequences that go through the model whole, in a single
     * step, as training has them.
     *
     * @param capacity positions
     * @throws IllegalStateException naming the bytes needed if there is no memory for it
     */
    public static KeyValueCache passing(ModelConfig config, int capacity) {
        return of(config, capacity, 1);
    }

    @SuppressWarnings("resource") // closed by close(), or here if there is no memory
    private static KeyValueCache of(ModelConfig config, int capacity, int held) {
        Arena arena = Arena.ofShared();
        try {
            long bytes = bytes(config, capacity) / config.layers() / 2;
            long stride = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
            MemorySegment all = arena.allocate(stride * held * 2, ALIGNMENT);
            KeyValues[] layers = new KeyValues[config.layers()];
            for (int i = 0; i < layers.length; i++) {
                long from = 2L * (i % held) * stride;
                layers[i] = new KeyValues(all.asSlice(from, bytes), all.asSlice(from + stride, bytes), capacity);
            }
            return new KeyValueCache(arena, layers, capacity);
        } catch (OutOfMemoryError e) {
            arena.close();
            throw new IllegalStateException(
                    "key-value cache: no memory for " + capacity + " positions, " + bytes(config, capacity)
                            + " bytes needed (" + e.getMessage() + ")",
                    e);
        }
    }

    /** Bytes that a cache of that many positions takes. */
    public static long bytes(ModelConfig config, int capacity) {
        return 2L * config.layers() * config.kvHeads() * config.headSize() * Float.BYTES * capacity;
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
