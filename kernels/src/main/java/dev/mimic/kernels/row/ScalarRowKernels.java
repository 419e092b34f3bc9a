package dev.mimic.kernels.row;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.WorkerPool;

/** Plain loops in index order. */
final class ScalarRowKernels implements RowKernels {
    private final WorkerPool pool;

    ScalarRowKernels(WorkerPool pool) {
        this.pool = pool;
    }

    @Override
    public void rmsNorm(int batch, float[] x, float[] weight, float epsilon, float[] y) {
        int size = weight.length;
        Shapes.atLeast("rmsNorm", "x", x.length, (long) batch * size);
        Shapes.atLeast("rmsNorm", "y", y.length, (long) batch * size);
        pool.run(batch, 16, (begin, end) -> {
            for (int i = begin; i < end; i++) {
                rmsNormRow(x, i * size, weight, epsilon, y);
            }
        });
    }

    private static void rmsNormRow(float[] x, int offset, float[] weight, float epsilon, float[] y) {
        int size = weight.length;
        float sum = 0;
        for (int c = 0; c < size; c++) {
            sum += x[offset + c] * x[offset + c];
        }
        float scale = (float) (1 / Math.sqrt(sum / size + epsilon));
        for (int c = 0; c < size; c++) {
            y[offset + c] = weight[c] * (x[offset + c] * scale);
        }
    }

    @Override
    public void softmax(float[] x, int offset, int length) {
        Shapes.range("softmax", "x", offset, length, x.length);
        float max = Float.NEGATIVE_INFINITY;
        for (int i = offset; i < offset + length; i++) {
            max = Math.max(max, x[i]);
        }
        float sum = 0;
        for (int i = offset; i < offset + length; i++) {
            x[i] = (float) Math.exp(x[i] - max);
            sum += x[i];
        }
        for (int i = offset; i < offset + length; i++) {
            x[i] /= sum;
        }
    }

    @Override
    public void swiGlu(int length, float[] gate, float[] up, float[] out) {
        Shapes.atLeast("swiGlu", "gate", gate.length, length);
        Shapes.atLeast("swiGlu", "up", up.length, length);
        Shapes.atLeast("swiGlu", "out", out.length, length);
        for (int i = 0; i < length; i++) {
            out[i] = (float) (gate[i] / (1 + Math.exp(-gate[i]))) * up[i];
        }
    }

    @Override
    public void rotate(int batch, int heads, int headSize, float[] x, float[] cos, float[] sin) {
        int half = headSize / 2;
        Shapes.atLeast("rotate", "x", x.length, (long) batch * heads * headSize);
        Shapes.atLeast("rotate", "cos", cos.length, (long) batch * half);
        Shapes.atLeast("rotate", "sin", sin.length, (long) batch * half);
        for (int i = 0; i < batch; i++) {
            for (int h = 0; h < heads; h++) {
                rotateHead(x, (i * heads + h) * headSize, half, cos, sin, i * half, 0);
            }
        }
    }

    /** One head from its pair {@code first} on; {@code angle} is where the row's cos and sin start. */
    static void rotateHead(float[] x, int offset, int half, float[] cos, float[] sin, int angle, int first) {
        for (int j = first; j < half; j++) {
            float a = x[offset + j];
            float b = x[offset + half + j];
            x[offset + j] = a * cos[angle + j] - b * sin[angle + j];
            x[offset + half + j] = b * cos[angle + j] + a * sin[angle + j];
        }
    }

    @Override
    public void add(int length, float[] x, float[] y) {
        Shapes.atLeast("add", "x", x.length, length);
        Shapes.atLeast("add", "y", y.length, length);
        for (int i = 0; i < length; i++) {
            y[i] += x[i];
        }
    }
}
