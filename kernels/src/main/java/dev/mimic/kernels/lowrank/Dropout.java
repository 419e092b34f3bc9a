package dev.mimic.kernels.lowrank;

import dev.mimic.kernels.Shapes;

/**
 * Inverted dropout: an element becomes 0 with probability {@code rate}, else it is divided by {@code 1 - rate}. Which ones
 * is a function of a row's key and of the column alone, so that the same row has the same mask in the forward pass, when it
 * is computed again, and in the backward pass. Integer arithmetic throughout: one form serves every backend.
 *
 * @param rate from 0, and below 1
 */
public record Dropout(double rate) {
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    public Dropout {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("dropout: rate is " + rate + ", expected at least 0 and below 1");
        }
    }

    /** Another key for every pair of a key and a number. */
    public static long key(long key, long number) {
        return mix(mix(key + GOLDEN) + (number + 1) * GOLDEN);
    }

    /**
     * Drops elements of rows.
     *
     * @param keys [batch]: of the rows
     * @param batch rows
     * @param size elements of a row
     * @param x [batch, size]; overwritten
     */
    public void apply(long[] keys, int batch, int size, float[] x) {
        Shapes.atLeast("dropout", "keys", keys.length, batch);
        Shapes.atLeast("dropout", "x", x.length, (long) batch * size);
        for (int i = 0; i < batch; i++) {
            apply(keys[i], x, i * size, size);
        }
    }

    /** Drops elements of one row, {@code x[offset, offset + size)}. Two columns share a number, one half each. */
    void apply(long key, float[] x, int offset, int size) {
        long threshold = (long) (rate * 0x1p32);
        float kept = (float) (1 / (1 - rate));
        for (int c = 0; c < size; c += 2) {
            long bits = mix(key + (c / 2 + 1) * GOLDEN);
            x[offset + c] *= (bits & 0xffffffffL) < threshold ? 0 : kept;
            if (c + 1 < size) {
                x[offset + c + 1] *= bits >>> 32 < threshold ? 0 : kept;
            }
        }
    }

    /** The finalizer of SplitMix64 (Steele, Lea, Flood 2014; Stafford's variant 13). */
    private static long mix(long value) {
        long z = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
