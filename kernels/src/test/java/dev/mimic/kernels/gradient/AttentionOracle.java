package dev.mimic.kernels.gradient;

import dev.mimic.kernels.attention.AttentionShape;

/** Attention of one sequence and its gradients in double, with the magnitudes that errors are relative to. */
final class AttentionOracle {
    private static final double U = 0x1p-24; // half an ulp, relative

    private final AttentionShape shape;
    private final int window;
    private final int count;
    final double[] q;
    final double[] k;
    final double[] v;
    final double[] g;
    final double[] dq;
    final double[] dk;
    final double[] dv;
    final double[] errorQ;
    final double[] errorK;
    final double[] errorV;

    AttentionOracle(
            AttentionShape shape, int window, int first, int count, float[] q, float[] k, float[] v, float[] g) {
        this.shape = shape;
        this.window = window;
        this.count = count;
        int querySize = shape.querySize();
        int keySize = shape.kvHeads() * shape.headSize();
        this.q = wide(q, first * querySize, count * querySize);
        this.g = wide(g, first * querySize, count * querySize);
        this.k = wide(k, first * keySize, count * keySize);
        this.v = wide(v, first * keySize, count * keySize);
        dq = new double[count * querySize];
        errorQ = new double[count * querySize];
        dk = new double[count * keySize];
        errorK = new double[count * keySize];
        dv = new double[count * keySize];
        errorV = new double[count * keySize];
    }

    private static double[] wide(float[] x, int from, int length) {
        double[] wide = new double[length];
        for (int i = 0; i < length; i++) {
            wide[i] = x[from + i];
        }
        return wide;
    }

    /** {@code Σ g · attention(q, k, v)}. */
    double loss() {
        double loss = 0;
        for (int i = 0; i < count; i++) {
            for (int head = 0; head < shape.heads(); head++) {
                int at = i * shape.querySize() + head * shape.headSize();
                int first = (int) Math.max(0, i + 1L - window);
                double[] shares = shares(i, head, first, null);
                for (int p = first; p <= i; p++) {
                    loss += shares[p - first] * dot(g, at, v, key(p, head));
                }
            }
        }
        return loss;
    }

    void backward() {
        for (int i = 0; i < count; i++) {
            for (int head = 0; head < shape.heads(); head++) {
                row(i, head);
            }
        }
    }

    private void row(int i, int head) {
        int size = shape.headSize();
        int at = i * shape.querySize() + head * size;
        int first = (int) Math.max(0, i + 1L - window);
        double[] magnitude = new double[1];
        double[] shares = shares(i, head, first, magnitude);
        double mean = 0;
        double absoluteMean = 0;
        for (int p = first; p <= i; p++) {
            mean += shares[p - first] * dot(g, at, v, key(p, head));
            absoluteMean += shares[p - first] * absolute(g, at, v, key(p, head));
        }
        // a score is off by its sum's rounding, a share by that of two scores and of their total
        double relative = 4 * (size + 6) * U * magnitude[0] + (2.0 * size + 3 * shares.length + count + 40) * U;
        for (int p = first; p <= i; p++) {
            int from = key(p, head);
            double share = shares[p - first];
            double score = share * (dot(g, at, v, from) - mean) * shape.scale();
            double error = share * (absolute(g, at, v, from) + absoluteMean) * shape.scale() * relative;
            for (int j = 0; j < size; j++) {
                dq[at + j] += score * k[from + j];
                errorQ[at + j] += error * Math.abs(k[from + j]);
                dk[from + j] += score * q[at + j];
                errorK[from + j] += error * Math.abs(q[at + j]);
                dv[from + j] += share * g[at + j];
                errorV[from + j] += share * Math.abs(g[at + j]) * relative;
            }
        }
    }

    private int key(int position, int head) {
        return (position * shape.kvHeads() + head / shape.headsPerKvHead()) * shape.headSize();
    }

    private double[] shares(int i, int head, int first, double[] magnitude) {
        int at = i * shape.querySize() + head * shape.headSize();
        double[] shares = new double[i + 1 - first];
        double max = Double.NEGATIVE_INFINITY;
        for (int p = first; p <= i; p++) {
            shares[p - first] = dot(q, at, k, key(p, head)) * shape.scale();
            max = Math.max(max, shares[p - first]);
            if (magnitude != null) {
                magnitude[0] = Math.max(magnitude[0], absolute(q, at, k, key(p, head)) * shape.scale());
            }
        }
        double total = 0;
        for (int p = 0; p < shares.length; p++) {
            shares[p] = Math.exp(shares[p] - max);
            total += shares[p];
        }
        for (int p = 0; p < shares.length; p++) {
            shares[p] /= total;
        }
        return shares;
    }

    private double dot(double[] a, int aOffset, double[] b, int bOffset) {
        double sum = 0;
        for (int j = 0; j < shape.headSize(); j++) {
            sum += a[aOffset + j] * b[bOffset + j];
        }
        return sum;
    }

    private double absolute(double[] a, int aOffset, double[] b, int bOffset) {
        double sum = 0;
        for (int j = 0; j < shape.headSize(); j++) {
            sum += Math.abs(a[aOffset + j] * b[bOffset + j]);
        }
        return sum;
    }
}
