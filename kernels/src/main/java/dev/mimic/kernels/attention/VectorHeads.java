package dev.mimic.kernels.attention;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.MAX;

import dev.mimic.kernels.VectorExp;
import dev.mimic.kernels.VectorLanes;
import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.matrix.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The query heads of one kv head in decoding, and what they have seen so far: a softmax that streams over blocks of
 * positions. What one thread works in. Loads and broadcasts are written out here and in {@link VectorTile}: past a number
 * of nodes C2 inlines the Vector API's own methods but refuses ours, and a vector that passes a call is boxed.
 */
final class VectorHeads {
    /** Positions of a block: their keys of 128 elements fill 32 KB and are read again for every two heads. */
    private static final int BLOCK = 64;

    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final int LANES = SPECIES.length();
    private static final long BYTES = SPECIES.vectorByteSize();

    private final VectorScores products = new VectorScores();
    private final float[] shift = new float[LANES];
    private final float[] lanes = new float[LANES];
    private int heads;
    private int size;
    private float scale;

    /** Scores, then weights, of a block: [heads, BLOCK]. */
    private float[] scores = new float[0];

    /** Weighted sums of values: [heads, headSize]. */
    private float[] sums = new float[0];

    /** Greatest score and sum of weights: [heads, 2]. */
    private float[] states = new float[0];

    void fit(AttentionShape shape) {
        heads = shape.headsPerKvHead();
        size = shape.headSize();
        scale = shape.scale();
        if (sums.length < heads * size) {
            sums = new float[heads * size];
        }
        if (states.length < heads * 2) {
            states = new float[heads * 2];
            scores = new float[heads * BLOCK];
        }
    }

    /**
     * Starts anew and takes in the positions {@code [first, last)}.
     *
     * @param q has the heads' queries from {@code query} on: [heads, headSize]
     */
    void attend(KeyValues cache, int kvHead, int first, int last, float[] q, int query) {
        Arrays.fill(sums, 0f);
        for (int h = 0; h < heads; h++) {
            states[2 * h] = Float.NEGATIVE_INFINITY;
            states[2 * h + 1] = 0;
        }
        for (int p = first; p < last; p += BLOCK) {
            int count = Math.min(BLOCK, last - p);
            long bytes = ((long) kvHead * cache.capacity() + p) * size * Float.BYTES;
            products.block(cache.keys(), bytes, count, size);
            int h = 0;
            for (; h <= heads - 2; h += 2) {
                products.two(q, query + h * size, scores, h * BLOCK, BLOCK);
            }
            if (h < heads) {
                products.one(q, query + h * size, scores, h * BLOCK);
            }
            for (h = 0; h < heads; h++) {
                float correction = softmaxStep(count, h);
                addValues(cache.values(), bytes, count, correction, h);
            }
        }
    }

    /** Writes the heads' results: [heads, headSize] from {@code to} on. */
    void finish(float[] out, int to) {
        for (int h = 0; h < heads; h++) {
            float factor = 1 / states[2 * h + 1];
            for (int j = h * size; j < (h + 1) * size; j++) {
                out[to + j] = sums[j] * factor;
            }
        }
    }

    /** Keeps the heads' sums and states as part {@code part} of {@code [parts, heads, headSize]} and {@code [parts, heads, 2]}. */
    void save(float[] partSums, float[] partStates, int part) {
        System.arraycopy(sums, 0, partSums, part * heads * size, heads * size);
        System.arraycopy(states, 0, partStates, part * heads * 2, heads * 2);
    }

    /** Turns a head's scores into weights relative to its greatest so far. Returns the factor of all earlier weights. */
    private float softmaxStep(int count, int head) {
        float[] scores = this.scores;
        int from = head * BLOCK;
        int padded = (count + LANES - 1) / LANES * LANES;
        for (int i = count; i < padded; i++) {
            scores[from + i] = Float.NEGATIVE_INFINITY;
        }
        float oldMax = states[2 * head];
        FloatVector max = FloatVector.broadcast(SPECIES, oldMax);
        for (int i = from; i < from + padded; i += LANES) {
            FloatVector scaled = FloatVector.fromArray(SPECIES, scores, i).mul(scale);
            scaled.intoArray(scores, i);
            max = max.max(scaled);
        }
        float newMax = max.reduceLanes(MAX);
        // where all scores are -Inf their weights are 0, not exp(-Inf + Inf)
        float finiteMax = newMax == Float.NEGATIVE_INFINITY ? 0 : newMax;
        Arrays.fill(shift, finiteMax);
        VectorExp.weigh(scores, from, LANES, padded / LANES, shift, lanes, 0);
        float correction = VectorExp.exp(oldMax - finiteMax);
        states[2 * head] = newMax;
        states[2 * head + 1] = states[2 * head + 1] * correction + VectorLanes.sum(lanes, 0);
        return correction;
    }

    /** {@code sums[head, j] = correction · sums[head, j] + Σ_p weights[head, p] · values[p, j]}. */
    private void addValues(MemorySegment values, long base, int count, float correction, int head) {
        int j = 0;
        for (; j <= size - 4 * LANES; j += 4 * LANES) {
            fourColumns(values, base + 4L * j, count, correction, head, j);
        }
        for (; j <= size - LANES; j += LANES) {
            oneColumn(values, base + 4L * j, count, correction, head, j);
        }
        for (; j < size; j++) {
            float sum = sums[head * size + j] * correction;
            for (int p = 0; p < count; p++) {
                sum += scores[head * BLOCK + p] * values.get(Matrix.FLOAT, base + 4L * (p * size + j));
            }
            sums[head * size + j] = sum;
        }
    }

    private void oneColumn(MemorySegment values, long base, int count, float correction, int head, int j) {
        float[] weights = scores;
        int weight = head * BLOCK;
        long row = 4L * size;
        FloatVector sum = FloatVector.fromArray(SPECIES, sums, head * size + j).mul(correction);
        for (int p = 0; p < count; p++) {
            sum = FloatVector.fromMemorySegment(SPECIES, values, base + p * row, LITTLE_ENDIAN)
                    .fma(FloatVector.broadcast(SPECIES, weights[weight + p]), sum);
        }
        sum.intoArray(sums, head * size + j);
    }

    private void fourColumns(MemorySegment values, long base, int count, float correction, int head, int j) {
        float[] weights = scores;
        int weight = head * BLOCK;
        int offset = head * size + j;
        long row = 4L * size;
        FloatVector a = FloatVector.fromArray(SPECIES, sums, offset).mul(correction);
        FloatVector b = FloatVector.fromArray(SPECIES, sums, offset + LANES).mul(correction);
        FloatVector c = FloatVector.fromArray(SPECIES, sums, offset + 2 * LANES).mul(correction);
        FloatVector d = FloatVector.fromArray(SPECIES, sums, offset + 3 * LANES).mul(correction);
        FloatVector oddA = FloatVector.zero(SPECIES);
        FloatVector oddB = FloatVector.zero(SPECIES);
        FloatVector oddC = FloatVector.zero(SPECIES);
        FloatVector oddD = FloatVector.zero(SPECIES);
        int p = 0;
        for (; p <= count - 2; p += 2) { // eight sums in flight hide the latency of fma
            FloatVector even = FloatVector.broadcast(SPECIES, weights[weight + p]);
            long at = base + p * row;
            a = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN)
                    .fma(even, a);
            b = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN)
                    .fma(even, b);
            c = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * BYTES, LITTLE_ENDIAN)
                    .fma(even, c);
            d = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * BYTES, LITTLE_ENDIAN)
                    .fma(even, d);
            FloatVector odd = FloatVector.broadcast(SPECIES, weights[weight + p + 1]);
            at += row;
            oddA = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN)
                    .fma(odd, oddA);
            oddB = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN)
                    .fma(odd, oddB);
            oddC = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * BYTES, LITTLE_ENDIAN)
                    .fma(odd, oddC);
            oddD = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * BYTES, LITTLE_ENDIAN)
                    .fma(odd, oddD);
        }
        if (p < count) {
            FloatVector even = FloatVector.broadcast(SPECIES, weights[weight + p]);
            long at = base + p * row;
            a = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN)
                    .fma(even, a);
            b = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN)
                    .fma(even, b);
            c = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * BYTES, LITTLE_ENDIAN)
                    .fma(even, c);
            d = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * BYTES, LITTLE_ENDIAN)
                    .fma(even, d);
        }
        a.add(oddA).intoArray(sums, offset);
        b.add(oddB).intoArray(sums, offset + LANES);
        c.add(oddC).intoArray(sums, offset + 2 * LANES);
        d.add(oddD).intoArray(sums, offset + 3 * LANES);
    }
}
