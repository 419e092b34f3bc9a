package dev.mimic.kernels.gradient;

import static jdk.incubator.vector.VectorOperators.GE;

import dev.mimic.kernels.VectorExp;
import dev.mimic.kernels.VectorLanes;
import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionShape;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Vector loops. What needs exp works through pieces, the last of them filled up. */
final class VectorGradientKernels implements GradientKernels {
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final int LANES = SPECIES.length();

    /** Elements worth a thread. */
    private static final int SHARE = 16384;

    /** Elements of a piece of a swiGlu; a multiple of every number of lanes. */
    private static final int PIECE = 256;

    /** Rows that are added up in float before double takes the sums. */
    private static final int ROWS = 64;

    private final WorkerPool pool;
    private final VectorAttentionGradient attention;
    private final VectorLogits logits;
    private final VectorOuter outer;

    VectorGradientKernels(WorkerPool pool) {
        this.pool = pool;
        attention = new VectorAttentionGradient(pool);
        logits = new VectorLogits(pool);
        outer = new VectorOuter(pool);
    }

    private static int grain(int rowSize) {
        return Math.max(1, SHARE / Math.max(1, rowSize));
    }

    @Override
    public void rmsNorm(int batch, float[] x, float[] weight, float epsilon, float[] g, float[] dx) {
        GradientChecks.rmsNorm(batch, x, weight, g, dx);
        int size = weight.length;
        pool.run(batch, grain(size), (begin, end) -> {
            float[] lanes = new float[2 * LANES];
            for (int i = begin; i < end; i++) {
                rmsNormRow(x, i * size, weight, epsilon, g, dx, lanes);
            }
        });
    }

    private static void rmsNormRow(
            float[] x, int offset, float[] weight, float epsilon, float[] g, float[] dx, float[] lanes) {
        int size = weight.length;
        FloatVector squareLanes = FloatVector.zero(SPECIES);
        FloatVector productLanes = FloatVector.zero(SPECIES);
        int c = 0;
        for (; c <= size - LANES; c += LANES) {
            FloatVector value = FloatVector.fromArray(SPECIES, x, offset + c);
            squareLanes = value.fma(value, squareLanes);
            productLanes = FloatVector.fromArray(SPECIES, weight, c)
                    .mul(FloatVector.fromArray(SPECIES, g, offset + c))
                    .fma(value, productLanes);
        }
        squareLanes.intoArray(lanes, 0);
        productLanes.intoArray(lanes, LANES);
        double squares = VectorLanes.sum(lanes, 0);
        double products = VectorLanes.sum(lanes, LANES);
        for (; c < size; c++) {
            squares += (double) x[offset + c] * x[offset + c];
            products += (double) weight[c] * g[offset + c] * x[offset + c];
        }
        double root = 1 / Math.sqrt(squares / size + epsilon);
        float scale = (float) root;
        float back = (float) (-root * root * root * products / size);
        c = 0;
        for (; c <= size - LANES; c += LANES) {
            FloatVector forward = FloatVector.fromArray(SPECIES, weight, c)
                    .mul(FloatVector.fromArray(SPECIES, g, offset + c))
                    .mul(scale);
            FloatVector.fromArray(SPECIES, x, offset + c)
                    .fma(FloatVector.broadcast(SPECIES, back), forward)
                    .intoArray(dx, offset + c);
        }
        for (; c < size; c++) {
            dx[offset + c] = Math.fma(x[offset + c], back, weight[c] * g[offset + c] * scale);
        }
    }

    @Override
    public void swiGlu(int length, float[] gate, float[] up, float[] g, float[] dGate, float[] dUp) {
        GradientChecks.swiGlu(length, gate, up, g, dGate, dUp);
        int pieces = (length + PIECE - 1) / PIECE;
        pool.run(pieces, SHARE / 2 / PIECE, (begin, end) -> {
            float[] exponentials = new float[PIECE];
            float[] zeros = new float[LANES];
            float[] unused = new float[LANES];
            for (int piece = begin; piece < end; piece++) {
                int from = piece * PIECE;
                int count = Math.min(PIECE, length - from);
                if (count == PIECE) {
                    swiGluPiece(from, gate, up, g, exponentials, zeros, unused, dGate, dUp);
                } else {
                    float[] lastGate = Arrays.copyOf(Arrays.copyOfRange(gate, from, length), PIECE);
                    float[] lastUp = Arrays.copyOf(Arrays.copyOfRange(up, from, length), PIECE);
                    float[] lastG = Arrays.copyOf(Arrays.copyOfRange(g, from, length), PIECE);
                    swiGluPiece(0, lastGate, lastUp, lastG, exponentials, zeros, unused, lastGate, lastUp);
                    System.arraycopy(lastGate, 0, dGate, from, count);
                    System.arraycopy(lastUp, 0, dUp, from, count);
                }
            }
        });
    }

    /** {@link #PIECE} elements from an index on. */
    private static void swiGluPiece(
            int at,
            float[] gate,
            float[] up,
            float[] g,
            float[] exponentials,
            float[] zeros,
            float[] unused,
            float[] dGate,
            float[] dUp) {
        for (int i = 0; i < PIECE; i += LANES) {
            FloatVector.fromArray(SPECIES, gate, at + i).abs().neg().intoArray(exponentials, i);
        }
        VectorExp.weigh(exponentials, 0, LANES, PIECE / LANES, zeros, unused, 0);
        for (int i = 0; i < PIECE; i += LANES) {
            FloatVector x = FloatVector.fromArray(SPECIES, gate, at + i);
            FloatVector e = FloatVector.fromArray(SPECIES, exponentials, i);
            FloatVector gradient = FloatVector.fromArray(SPECIES, g, at + i);
            FloatVector one = FloatVector.broadcast(SPECIES, 1f);
            // 1 / (1 + exp(-x)), for the negative exp(x) / (1 + exp(x))
            FloatVector s = e.blend(one, x.compare(GE, 0f)).div(e.add(1f));
            FloatVector slope = one.sub(s).fma(x, one);
            FloatVector.fromArray(SPECIES, up, at + i)
                    .mul(gradient)
                    .mul(s)
                    .mul(slope)
                    .intoArray(dGate, at + i);
            gradient.mul(x).mul(s).intoArray(dUp, at + i);
        }
    }

    @Override
    public void rotate(int batch, int heads, int headSize, float[] dx, float[] cos, float[] sin) {
        GradientChecks.rotate(batch, heads, headSize, dx, cos, sin);
        int half = headSize / 2;
        pool.run(batch, grain(heads * headSize), (begin, end) -> {
            for (int i = begin; i < end; i++) {
                for (int h = 0; h < heads; h++) {
                    rotateHead(dx, (i * heads + h) * headSize, half, cos, sin, i * half);
                }
            }
        });
    }

    private static void rotateHead(float[] dx, int offset, int half, float[] cos, float[] sin, int angle) {
        int j = 0;
        for (; j <= half - LANES; j += LANES) {
            FloatVector a = FloatVector.fromArray(SPECIES, dx, offset + j);
            FloatVector b = FloatVector.fromArray(SPECIES, dx, offset + half + j);
            FloatVector c = FloatVector.fromArray(SPECIES, cos, angle + j);
            FloatVector s = FloatVector.fromArray(SPECIES, sin, angle + j);
            a.mul(c).add(b.mul(s)).intoArray(dx, offset + j);
            b.mul(c).sub(a.mul(s)).intoArray(dx, offset + half + j);
        }
        ScalarGradientKernels.rotateHead(dx, offset, half, cos, sin, angle, j);
    }

    @Override
    public void attention(AttentionShape shape, int window, SequenceRows sequences, HeadGradients rows) {
        rows.check(shape, sequences, window);
        attention.run(shape, window, sequences, rows);
    }

    @Override
    public void svf(int batch, float[] sigma, float[] scale, float[] b, float[] a, double[] dz) {
        GradientChecks.svf(batch, sigma, scale, b, a, dz);
        int rank = sigma.length;
        int parts = (batch + ROWS - 1) / ROWS;
        float[] sums = new float[parts * rank];
        // threads share whole parts, so that each sum is one thread's and the parts are added in their order
        pool.run(parts, Math.max(1, SHARE / 2 / Math.max(1, ROWS * rank)), (begin, end) -> {
            for (int part = begin; part < end; part++) {
                int last = Math.min(batch, (part + 1) * ROWS);
                for (int i = part * ROWS; i < last; i++) {
                    productRow(a, b, i * rank, scale, rank, sums, part * rank);
                }
            }
        });
        for (int part = 0; part < parts; part++) {
            for (int k = 0; k < rank; k++) {
                dz[k] += (double) sigma[k] * sums[part * rank + k];
            }
        }
    }

    /** {@code sums += a .* b} and {@code a = a .* scale} of one row. */
    private static void productRow(float[] a, float[] b, int row, float[] scale, int rank, float[] sums, int to) {
        int k = 0;
        for (; k <= rank - LANES; k += LANES) {
            FloatVector value = FloatVector.fromArray(SPECIES, a, row + k);
            value.fma(FloatVector.fromArray(SPECIES, b, row + k), FloatVector.fromArray(SPECIES, sums, to + k))
                    .intoArray(sums, to + k);
            value.mul(FloatVector.fromArray(SPECIES, scale, k)).intoArray(a, row + k);
        }
        for (; k < rank; k++) { // fma as in the body: a sum must not depend on its column
            sums[to + k] = Math.fma(a[row + k], b[row + k], sums[to + k]);
            a[row + k] *= scale[k];
        }
    }

    // C2 turns the inner loop into vectors by itself
    private static void scaleRows(float[] scale, float[] a, int begin, int end, int rank) {
        for (int i = begin; i < end; i++) {
            int row = i * rank;
            for (int k = 0; k < rank; k++) {
                a[row + k] *= scale[k];
            }
        }
    }

    @Override
    public void scale(int batch, float[] scale, float[] a) {
        GradientChecks.scale(batch, scale, a);
        int rank = scale.length;
        pool.run(batch, grain(rank), (begin, end) -> scaleRows(scale, a, begin, end, rank));
    }

    @Override
    public void outer(int batch, int rank, int size, float[] a, float[] b, double[] sums, int offset) {
        GradientChecks.outer(batch, rank, size, a, b, sums, offset);
        outer.run(batch, new OuterOperands(rank, size, a, b, sums, offset));
    }

    @Override
    public void logSoftmax(int batch, int size, float[] x) {
        GradientChecks.logSoftmax(batch, size, x);
        logits.logSoftmax(batch, size, x);
    }

    @Override
    public void divergence(int batch, int size, float[] from, float[] to, double[] divergences) {
        GradientChecks.divergence(batch, size, from, to, divergences);
        logits.divergence(batch, size, from, to, divergences);
    }

    @Override
    public void logits(int size, float[] x, float[] reference, float[] alpha, float beta, float kappa, float[] out) {
        boolean referred = GradientChecks.logits(size, x, reference, alpha, beta, kappa, out);
        logits.gradient(size, x, referred ? reference : null, alpha, beta, kappa, out);
    }
}
