package dev.mimic.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Caches and the oracle of the attention tests. */
final class AttentionCases implements AutoCloseable {
    private static final double U = 0x1p-24; // half an ulp, relative
    private static final float GUARD = 12345.678f;
    private static final int GUARDS = 40;

    private Arena arena = Arena.ofShared();

    /** Frees all caches so far. */
    @Override
    public void close() {
        arena.close();
        arena = Arena.ofShared();
    }

    /** A cache in which every element of every position is a value. */
    KeyValues cache(KeyValueType type, AttentionShape shape, int capacity, float value) {
        KeyValues cache = new KeyValues(
                type,
                arena.allocate(type.keyBytes(shape.kvHeads(), shape.headSize(), capacity)),
                arena.allocate(type.valueBytes(shape.kvHeads(), shape.headSize(), capacity)),
                capacity);
        float[] row = new float[shape.headSize()];
        Arrays.fill(row, value);
        for (int h = 0; h < shape.kvHeads(); h++) {
            for (int p = 0; p < capacity; p++) {
                cache.store(shape, h, p, row, row, 0);
            }
        }
        return cache;
    }

    /** Random keys and values at [begin, end), NaN elsewhere. */
    KeyValues random(
            KeyValueType type, AttentionShape shape, int capacity, int begin, int end, RandomGenerator random) {
        KeyValues cache = cache(type, shape, capacity, Float.NaN);
        for (int h = 0; h < shape.kvHeads(); h++) {
            for (int p = begin; p < end; p++) {
                float[] k = gaussian(random, shape.headSize(), 1);
                float[] v = gaussian(random, shape.headSize(), 1 + p % 7);
                cache.store(shape, h, p, k, v, 0);
            }
        }
        return cache;
    }

    static float[] key(KeyValues cache, AttentionShape shape, int kvHead, int position) {
        float[] row = new float[shape.headSize()];
        for (int j = 0; j < row.length; j++) {
            row[j] = cache.key(shape, kvHead, position, j);
        }
        return row;
    }

    static float[] value(KeyValues cache, AttentionShape shape, int kvHead, int position) {
        float[] row = new float[shape.headSize()];
        for (int j = 0; j < row.length; j++) {
            row[j] = cache.value(shape, kvHead, position, j);
        }
        return row;
    }

    static float[] gaussian(RandomGenerator random, int length, double spread) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) (random.nextGaussian() * spread);
        }
        return x;
    }

    static float[] guarded(int length) {
        float[] x = new float[length + GUARDS];
        Arrays.fill(x, GUARD);
        return x;
    }

    static void assertGuards(float[] x, int length) {
        for (int i = length; i < x.length; i++) {
            assertEquals(GUARD, x[i], "element " + i + " behind the end at " + length);
        }
    }

    /** Compares row {@code row} of out with attention in double. */
    static void check(AttentionShape shape, float[] q, int row, KeyValues cache, int begin, int end, float[] out) {
        for (int head = 0; head < shape.heads(); head++) {
            checkHead(shape, q, row * shape.querySize() + head * shape.headSize(), head, cache, begin, end, out);
        }
    }

    private static void checkHead(
            AttentionShape shape, float[] q, int offset, int head, KeyValues cache, int begin, int end, float[] out) {
        int kvHead = head / shape.headsPerKvHead();
        int size = shape.headSize();
        double[] weights = new double[end - begin];
        double max = Double.NEGATIVE_INFINITY;
        double magnitude = 0;
        for (int p = begin; p < end; p++) {
            double score = 0;
            double sum = 0;
            for (int j = 0; j < size; j++) {
                double product = (double) q[offset + j] * cache.key(shape, kvHead, p, j);
                score += product * shape.scale();
                sum += Math.abs(product) * shape.scale();
            }
            weights[p - begin] = score;
            max = Math.max(max, score);
            magnitude = Math.max(magnitude, sum);
        }
        double total = 0;
        for (int p = 0; p < weights.length; p++) {
            weights[p] = Math.exp(weights[p] - max);
            total += weights[p];
        }
        // a score is off by (size + 4) u of its magnitude (two of them for the factors of 8 bit), its distance from the
        // greatest, at most twice the magnitude,
        // by u: a weight by that twice (its own and the greatest) and relative to a total that is off by the same again
        double score = (size + 8) * U * magnitude;
        // a sum of all positions, then exp, corrections (at most one a block of 64 or less), products and the quotient
        double relative = 4 * score + (weights.length + weights.length / 16 + 18) * U;
        for (int j = 0; j < size; j++) {
            double exact = 0;
            double absolute = 0;
            for (int p = 0; p < weights.length; p++) {
                double term = weights[p] / total * cache.value(shape, kvHead, begin + p, j);
                exact += term;
                absolute += Math.abs(term);
            }
            if (!(Math.abs(exact - out[offset + j]) <= relative * absolute)) {
                throw new AssertionError("head " + head + " of " + shape + " at [" + begin + ", " + end + "): element "
                        + j + " is " + out[offset + j] + ", expected " + exact + " within " + relative * absolute);
            }
        }
    }
}
