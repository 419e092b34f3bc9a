package dev.mimic.kernels.gradient;

import dev.mimic.kernels.Shapes;

/** The shape checks of the entries, the same for every implementation. */
final class GradientChecks {
    private GradientChecks() {}

    static void rmsNorm(int batch, float[] x, float[] weight, float[] g, float[] dx) {
        long elements = (long) batch * weight.length;
        Shapes.atLeast("rmsNorm backward", "x", x.length, elements);
        Shapes.atLeast("rmsNorm backward", "g", g.length, elements);
        Shapes.atLeast("rmsNorm backward", "dx", dx.length, elements);
    }

    static void swiGlu(int length, float[] gate, float[] up, float[] g, float[] dGate, float[] dUp) {
        Shapes.atLeast("swiGlu backward", "gate", gate.length, length);
        Shapes.atLeast("swiGlu backward", "up", up.length, length);
        Shapes.atLeast("swiGlu backward", "g", g.length, length);
        Shapes.atLeast("swiGlu backward", "dGate", dGate.length, length);
        Shapes.atLeast("swiGlu backward", "dUp", dUp.length, length);
    }

    static void rotate(int batch, int heads, int headSize, float[] dx, float[] cos, float[] sin) {
        Shapes.atLeast("rotate backward", "dx", dx.length, (long) batch * heads * headSize);
        Shapes.atLeast("rotate backward", "cos", cos.length, (long) batch * (headSize / 2));
        Shapes.atLeast("rotate backward", "sin", sin.length, (long) batch * (headSize / 2));
    }

    static void svf(int batch, float[] sigma, float[] scale, float[] b, float[] a, double[] dz) {
        scale(batch, scale, a);
        Shapes.atLeast("svf backward", "scale", scale.length, sigma.length);
        Shapes.atLeast("svf backward", "b", b.length, (long) batch * sigma.length);
        Shapes.atLeast("svf backward", "dz", dz.length, sigma.length);
    }

    static void scale(int batch, float[] scale, float[] a) {
        Shapes.atLeast("svf backward", "a", a.length, (long) batch * scale.length);
    }

    static void outer(int batch, int rank, int size, float[] a, float[] b, double[] sums, int offset) {
        Shapes.atLeast("outer", "a", a.length, (long) batch * rank);
        Shapes.atLeast("outer", "b", b.length, (long) batch * size);
        Shapes.range("outer", "sums", offset, Math.multiplyExact(rank, size), sums.length);
    }

    static void logSoftmax(int batch, int size, float[] x) {
        Shapes.atLeast("logSoftmax", "x", x.length, (long) batch * size);
    }

    static void divergence(int batch, int size, float[] from, float[] to, double[] divergences) {
        Shapes.atLeast("divergence", "from", from.length, (long) batch * size);
        Shapes.atLeast("divergence", "to", to.length, (long) batch * size);
        Shapes.atLeast("divergence", "divergences", divergences.length, batch);
    }

    /** Whether the reference is read. */
    static boolean logits(int size, float[] x, float[] reference, float[] alpha, float beta, float kappa, float[] out) {
        boolean referred = beta != 0 || kappa != 0;
        Shapes.atLeast("logits backward", "x", x.length, (long) alpha.length * size);
        Shapes.atLeast("logits backward", "out", out.length, (long) alpha.length * size);
        if (referred) {
            Shapes.atLeast("logits backward", "reference", reference.length, (long) alpha.length * size);
        }
        return referred;
    }
}
