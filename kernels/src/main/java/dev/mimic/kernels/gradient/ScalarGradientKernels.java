package dev.mimic.kernels.gradient;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionShape;
import java.util.Arrays;

/** Plain loops in index order. */
final class ScalarGradientKernels implements GradientKernels {
    private final WorkerPool pool;

    ScalarGradientKernels(WorkerPool pool) {
        this.pool = pool;
    }

    @Override
    public void rmsNorm(int batch, float[] x, float[] weight, float epsilon, float[] g, float[] dx) {
        GradientChecks.rmsNorm(batch, x, weight, g, dx);
        int size = weight.length;
        for (int i = 0; i < batch; i++) {
            double squares = 0;
            double products = 0;
            for (int c = 0; c < size; c++) {
                double value = x[i * size + c];
                squares += value * value;
                products += weight[c] * g[i * size + c] * value;
            }
            double scale = 1 / Math.sqrt(squares / size + epsilon);
            double back = scale * scale * scale * products / size;
            for (int c = 0; c < size; c++) {
                dx[i * size + c] = (float) (scale * weight[c] * g[i * size + c] - back * x[i * size + c]);
            }
        }
    }

    @Override
    public void swiGlu(int length, float[] gate, float[] up, float[] g, float[] dGate, float[] dUp) {
        GradientChecks.swiGlu(length, gate, up, g, dGate, dUp);
        for (int i = 0; i < length; i++) {
            double s = 1 / (1 + Math.exp(-gate[i]));
            double upGradient = g[i] * gate[i] * s;
            double gateGradient = g[i] * up[i] * s * (1 + gate[i] * (1 - s));
            dGate[i] = (float) gateGradient;
            dUp[i] = (float) upGradient;
        }
    }

    @Override
    public void rotate(int batch, int heads, int headSize, float[] dx, float[] cos, float[] sin) {
        GradientChecks.rotate(batch, heads, headSize, dx, cos, sin);
        int half = headSize / 2;
        for (int i = 0; i < batch; i++) {
            for (int h = 0; h < heads; h++) {
                rotateHead(dx, (i * heads + h) * headSize, half, cos, sin, i * half, 0);
            }
        }
    }

    /** One head from its pair {@code first} on; {@code angle} is where the row's cos and sin start. */
    static void rotateHead(float[] dx, int offset, int half, float[] cos, float[] sin, int angle, int first) {
        for (int j = first; j < half; j++) {
            float a = dx[offset + j];
            float b = dx[offset + half + j];
            dx[offset + j] = a * cos[angle + j] + b * sin[angle + j];
            dx[offset + half + j] = b * cos[angle + j] - a * sin[angle + j];
        }
    }

    @Override
    public void attention(AttentionShape shape, int window, SequenceRows sequences, HeadGradients rows) {
        rows.check(shape, sequences, window);
        pool.run(sequences.count(), 1, (first, last) -> {
            for (int s = first; s < last; s++) {
                sequence(shape, window, sequences.begins()[s], sequences.ends()[s], sequences.places(), rows);
            }
        });
    }

    private static void sequence(
            AttentionShape shape, int window, int begin, int end, int[] places, HeadGradients rows) {
        int keySize = shape.kvHeads() * shape.headSize();
        for (int p = begin; p < end; p++) {
            Arrays.fill(rows.dk(), places[p] * keySize, (places[p] + 1) * keySize, 0);
            Arrays.fill(rows.dv(), places[p] * keySize, (places[p] + 1) * keySize, 0);
        }
        for (int i = begin; i < end; i++) {
            int first = (int) Math.max(begin, i + 1L - window);
            for (int head = 0; head < shape.heads(); head++) {
                row(shape, head, i, first, places, rows);
            }
        }
    }

    /** The query of one head at the i-th place, which sees the places {@code [first, i]}. */
    private static void row(AttentionShape shape, int head, int i, int first, int[] places, HeadGradients rows) {
        int size = shape.headSize();
        int keySize = shape.kvHeads() * size;
        int at = places[i] * shape.querySize() + head * size;
        int key = head / shape.headsPerKvHead() * size;
        double[] weights = new double[i + 1 - first];
        double max = Double.NEGATIVE_INFINITY;
        for (int p = first; p <= i; p++) {
            weights[p - first] = dot(rows.q(), at, rows.k(), places[p] * keySize + key, size) * shape.scale();
            max = Math.max(max, weights[p - first]);
        }
        double total = 0;
        for (int p = 0; p < weights.length; p++) {
            weights[p] = Math.exp(weights[p] - max);
            total += weights[p];
        }
        double mean = 0;
        double[] gradients = new double[weights.length];
        for (int p = first; p <= i; p++) {
            weights[p - first] /= total;
            gradients[p - first] = dot(rows.g(), at, rows.v(), places[p] * keySize + key, size);
            mean += weights[p - first] * gradients[p - first];
        }
        Arrays.fill(rows.dq(), at, at + size, 0);
        for (int p = first; p <= i; p++) {
            float weight = (float) weights[p - first];
            float score = (float) (weights[p - first] * (gradients[p - first] - mean) * shape.scale());
            int from = places[p] * keySize + key;
            for (int j = 0; j < size; j++) {
                rows.dq()[at + j] += score * rows.k()[from + j];
                rows.dk()[from + j] += score * rows.q()[at + j];
                rows.dv()[from + j] += weight * rows.g()[at + j];
            }
        }
    }

    private static double dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
        double sum = 0;
        for (int j = 0; j < length; j++) {
            sum += (double) a[aOffset + j] * b[bOffset + j];
        }
        return sum;
    }

    @Override
    public void svf(int batch, float[] sigma, float[] scale, float[] b, float[] a, double[] dz) {
        GradientChecks.svf(batch, sigma, scale, b, a, dz);
        int rank = sigma.length;
        for (int k = 0; k < rank; k++) {
            double sum = 0;
            for (int i = 0; i < batch; i++) {
                sum += (double) a[i * rank + k] * b[i * rank + k];
            }
            dz[k] += sigma[k] * sum;
        }
        scale(batch, scale, a);
    }

    @Override
    public void scale(int batch, float[] scale, float[] a) {
        GradientChecks.scale(batch, scale, a);
        int rank = scale.length;
        for (int i = 0; i < batch; i++) {
            for (int k = 0; k < rank; k++) {
                a[i * rank + k] *= scale[k];
            }
        }
    }

    @Override
    public void outer(int batch, int rank, int size, float[] a, float[] b, double[] sums, int offset) {
        GradientChecks.outer(batch, rank, size, a, b, sums, offset);
        OuterOperands operands = new OuterOperands(rank, size, a, b, sums, offset);
        pool.run(size, 16, (begin, end) -> outerRange(operands, 0, batch, begin, end));
    }

    /** The rows {@code [first, last)}, and of b the columns {@code [begin, end)}. */
    static void outerRange(OuterOperands operands, int first, int last, int begin, int end) {
        int rank = operands.rank();
        int size = operands.size();
        for (int k = 0; k < rank; k++) {
            for (int c = begin; c < end; c++) {
                double sum = 0;
                for (int i = first; i < last; i++) {
                    sum += (double) operands.a()[i * rank + k] * operands.b()[i * size + c];
                }
                operands.sums()[operands.offset() + k * size + c] += sum;
            }
        }
    }

    @Override
    public void logSoftmax(int batch, int size, float[] x) {
        GradientChecks.logSoftmax(batch, size, x);
        for (int i = 0; i < batch; i++) {
            float max = Float.NEGATIVE_INFINITY;
            for (int c = 0; c < size; c++) {
                max = Math.max(max, x[i * size + c]);
            }
            double sum = 0;
            for (int c = 0; c < size; c++) {
                sum += Math.exp((double) x[i * size + c] - max);
            }
            float shift = (float) (max + Math.log(sum));
            for (int c = 0; c < size; c++) {
                x[i * size + c] -= shift;
            }
        }
    }

    @Override
    public void divergence(int batch, int size, float[] from, float[] to, double[] divergences) {
        GradientChecks.divergence(batch, size, from, to, divergences);
        for (int i = 0; i < batch; i++) {
            double sum = 0;
            for (int c = i * size; c < (i + 1) * size; c++) {
                sum += Math.exp(from[c]) * (from[c] - to[c]);
            }
            divergences[i] = sum;
        }
    }

    @Override
    public void logits(int size, float[] x, float[] reference, float[] alpha, float beta, float kappa, float[] out) {
        boolean referred = GradientChecks.logits(size, x, reference, alpha, beta, kappa, out);
        for (int i = 0; i < alpha.length; i++) {
            for (int c = i * size; c < (i + 1) * size; c++) {
                double share = Math.exp(x[c]);
                out[c] = (float)
                        (referred
                                ? share * (alpha[i] + kappa * (x[c] - reference[c])) + beta * Math.exp(reference[c])
                                : share * alpha[i]);
            }
        }
    }
}
