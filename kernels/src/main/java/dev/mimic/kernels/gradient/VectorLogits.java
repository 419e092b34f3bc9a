package dev.mimic.kernels.gradient;

import static jdk.incubator.vector.VectorOperators.MAX;

import dev.mimic.kernels.VectorExp;
import dev.mimic.kernels.VectorLanes;
import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.WorkerPool;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows of logits, a piece at a time in a scratch of one thread: the last vector of a row is filled up with -Inf there, so
 * that no value depends on its column. Sums over a piece are float, over a row double.
 */
final class VectorLogits {
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final int LANES = SPECIES.length();

    /** Elements of a piece: two of them stay in the first-level cache. */
    private static final int PIECE = 1024;

    private final WorkerPool pool;

    VectorLogits(WorkerPool pool) {
        this.pool = pool;
    }

    /** Pieces of one thread. */
    private static final class Scratch {
        final float[] first = new float[PIECE];
        final float[] second = new float[PIECE];
        final float[] shift = new float[LANES];
        final float[] sums = new float[LANES];

        /** Makes a piece {@code exp(x - max)} and gives the sum; returns in {@code piece}. */
        float weigh(float[] x, int offset, int count, float max, float[] piece) {
            int vectors = (count + LANES - 1) / LANES;
            System.arraycopy(x, offset, piece, 0, count);
            Arrays.fill(piece, count, vectors * LANES, Float.NEGATIVE_INFINITY);
            Arrays.fill(shift, max);
            VectorExp.weigh(piece, 0, LANES, vectors, shift, sums, 0);
            return VectorLanes.sum(sums, 0);
        }
    }

    void logSoftmax(int batch, int size, float[] x) {
        pool.run(batch, Math.max(1, 4096 / Math.max(1, size)), (begin, end) -> {
            Scratch scratch = new Scratch();
            for (int i = begin; i < end; i++) {
                float max = max(x, i * size, size);
                double sum = 0;
                for (int c = 0; c < size; c += PIECE) {
                    sum += scratch.weigh(x, i * size + c, Math.min(PIECE, size - c), max, scratch.first);
                }
                subtract((float) (max + Math.log(sum)), x, i * size, size);
            }
        });
    }

    private static float max(float[] x, int offset, int length) {
        FloatVector max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= length - LANES; i += LANES) {
            max = max.max(FloatVector.fromArray(SPECIES, x, offset + i));
        }
        float result = max.reduceLanes(MAX);
        for (; i < length; i++) {
            result = Math.max(result, x[offset + i]);
        }
        return result;
    }

    private static void subtract(float shift, float[] x, int offset, int length) {
        for (int i = offset; i < offset + length; i++) { // C2 makes vectors of it
            x[i] -= shift;
        }
    }

    void divergence(int batch, int size, float[] from, float[] to, double[] divergences) {
        pool.run(batch, Math.max(1, 4096 / Math.max(1, size)), (begin, end) -> {
            Scratch scratch = new Scratch();
            for (int i = begin; i < end; i++) {
                double sum = 0;
                for (int c = 0; c < size; c += PIECE) {
                    int count = Math.min(PIECE, size - c);
                    scratch.weigh(from, i * size + c, count, 0, scratch.first);
                    sum += divergence(scratch.first, from, to, i * size + c, count, scratch.sums);
                }
                divergences[i] = sum;
            }
        });
    }

    private static float divergence(float[] shares, float[] from, float[] to, int offset, int count, float[] lanes) {
        FloatVector sums = FloatVector.zero(SPECIES);
        int c = 0;
        for (; c <= count - LANES; c += LANES) {
            FloatVector difference = FloatVector.fromArray(SPECIES, from, offset + c)
                    .sub(FloatVector.fromArray(SPECIES, to, offset + c));
            sums = FloatVector.fromArray(SPECIES, shares, c).fma(difference, sums);
        }
        sums.intoArray(lanes, 0);
        float sum = VectorLanes.sum(lanes, 0);
        for (; c < count; c++) {
            sum = Math.fma(shares[c], from[offset + c] - to[offset + c], sum);
        }
        return sum;
    }

    void gradient(int size, float[] x, float[] reference, float[] alpha, float beta, float kappa, float[] out) {
        pool.run(alpha.length, Math.max(1, 4096 / Math.max(1, size)), (begin, end) -> {
            Scratch scratch = new Scratch();
            for (int i = begin; i < end; i++) {
                for (int c = 0; c < size; c += PIECE) {
                    int count = Math.min(PIECE, size - c);
                    int at = i * size + c;
                    scratch.weigh(x, at, count, 0, scratch.first);
                    if (reference == null) {
                        scaled(scratch.first, alpha[i], out, at, count);
                    } else {
                        scratch.weigh(reference, at, count, 0, scratch.second);
                        referred(scratch, x, reference, alpha[i], beta, kappa, out, at, count);
                    }
                }
            }
        });
    }

    private static void scaled(float[] shares, float alpha, float[] out, int offset, int count) {
        for (int c = 0; c < count; c++) { // C2 makes vectors of it
            out[offset + c] = shares[c] * alpha;
        }
    }

    private static void referred(
            Scratch scratch,
            float[] x,
            float[] reference,
            float alpha,
            float beta,
            float kappa,
            float[] out,
            int offset,
            int count) {
        float[] shares = scratch.first;
        float[] others = scratch.second;
        for (int c = 0; c < count; c++) { // C2 makes vectors of it
            float slope = alpha + kappa * (x[offset + c] - reference[offset + c]);
            out[offset + c] = shares[c] * slope + beta * others[c];
        }
    }
}
