package dev.mimic.kernels.gradient;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionShape;

/**
 * The backward pass of the kernels that are not linear, and what a loss over logits needs. A linear layer's own is
 * {@link dev.mimic.kernels.matrix.MatrixKernels#gemmTransposed}: {@code dx = g W}. Throughout, g is the gradient of what
 * the forward kernel gave. Results do not depend on the number of threads. An instance serves one calling thread at a
 * time.
 */
public interface GradientKernels {
    /** Plain loops in index order: the specification. */
    static GradientKernels scalar(WorkerPool pool) {
        return new ScalarGradientKernels(pool);
    }

    /** The Vector API at the width of {@code VectorWidth}. */
    static GradientKernels vector(WorkerPool pool) {
        return new VectorGradientKernels(pool);
    }

    /**
     * Backward of {@code rmsNorm}: with {@code s = 1 / sqrt(mean_c x[i, c]² + epsilon)},
     * {@code dx[i, c] = s · weight[c] · g[i, c] - x[i, c] · s³ · (Σ_c weight[c] · g[i, c] · x[i, c]) / size}.
     *
     * @param batch rows
     * @param x [batch, size]: the forward input
     * @param weight [size]; its length is the size
     * @param g [batch, size]
     * @param dx [batch, size]; overwritten; may be {@code g}
     */
    void rmsNorm(int batch, float[] x, float[] weight, float epsilon, float[] g, float[] dx);

    /**
     * Backward of {@code swiGlu}: with {@code s = 1 / (1 + exp(-gate))}, {@code dUp = g · gate · s} and
     * {@code dGate = g · up · s · (1 + gate · (1 - s))}, by element.
     *
     * @param length elements
     * @param gate [length]: the forward input
     * @param up [length]: the forward input
     * @param g [length]
     * @param dGate [length]; overwritten; may be any of the inputs
     * @param dUp [length]; overwritten; may be any of the inputs but dGate
     */
    void swiGlu(int length, float[] gate, float[] up, float[] g, float[] dGate, float[] dUp);

    /**
     * Backward of {@code rotate}: the inverse rotation, in place.
     *
     * @param batch rows
     * @param heads heads in a row
     * @param headSize elements of a head; even
     * @param dx [batch, heads, headSize]; overwritten
     * @param cos [batch, headSize / 2]
     * @param sin [batch, headSize / 2]
     */
    void rotate(int batch, int heads, int headSize, float[] dx, float[] cos, float[] sin);

    /**
     * Backward of causal softmax attention over whole sequences: each position sees the last {@code window} positions up
     * to and with its own. The probabilities are computed anew. What comes out does not depend on where the rows are.
     *
     * @param window positions seen at most; {@code Integer.MAX_VALUE} for all
     * @param sequences where their rows are
     * @param rows what is read and what is overwritten, see there
     */
    void attention(AttentionShape shape, int window, SequenceRows sequences, HeadGradients rows);

    /**
     * The gradient of singular values, and the way on through them: {@code dz[k] += sigma[k] · Σ_i a[i, k] · b[i, k]}, then
     * {@code a[i, k] *= scale[k]}.
     *
     * @param batch rows
     * @param sigma [rank]; its length is the rank
     * @param scale [rank]: what multiplied {@code b} in the forward pass
     * @param b [batch, rank]: {@code x V}, before the scale
     * @param a [batch, rank]: {@code g U}; overwritten
     * @param dz [rank]; accumulated into
     */
    void svf(int batch, float[] sigma, float[] scale, float[] b, float[] a, double[] dz);

    /**
     * {@code a[i, k] *= scale[k]}.
     *
     * @param batch rows
     * @param scale [rank]; its length is the rank
     * @param a [batch, rank]; overwritten
     */
    void scale(int batch, float[] scale, float[] a);

    /**
     * Outer products added up over rows, the gradient of a low-rank factor:
     * {@code sums[offset + k · size + c] += Σ_i a[i, k] · b[i, c]}.
     *
     * @param batch rows
     * @param rank columns of a; few
     * @param size columns of b
     * @param a [batch, rank]
     * @param b [batch, size]
     * @param sums [rank, size] from {@code offset}; accumulated into
     */
    void outer(int batch, int rank, int size, float[] a, float[] b, double[] sums, int offset);

    /**
     * Logits to natural log-probabilities, in place: {@code x[i, c] -= log Σ_c exp(x[i, c])}.
     *
     * @param batch rows
     * @param size elements of a row
     * @param x [batch, size]; overwritten
     */
    void logSoftmax(int batch, int size, float[] x);

    /**
     * Kullback-Leibler divergences of rows of log-probabilities:
     * {@code divergences[i] = Σ_c exp(from[i, c]) · (from[i, c] - to[i, c])}.
     *
     * @param batch rows
     * @param size elements of a row
     * @param from [batch, size]
     * @param to [batch, size]
     * @param divergences [batch]; overwritten
     */
    void divergence(int batch, int size, float[] from, float[] to, double[] divergences);

    /**
     * The gradient of a loss with respect to logits, but for the tokens that the loss names:
     * {@code out[i, c] = exp(x[i, c]) · (alpha[i] + kappa · (x[i, c] - reference[i, c])) + beta · exp(reference[i, c])}.
     *
     * @param size elements of a row
     * @param x [batch, size]: log-probabilities
     * @param reference [batch, size]: log-probabilities; not read where beta and kappa are 0
     * @param alpha [batch]; its length is the batch
     * @param out [batch, size]; overwritten; may be {@code x}
     */
    void logits(int size, float[] x, float[] reference, float[] alpha, float beta, float kappa, float[] out);
}
