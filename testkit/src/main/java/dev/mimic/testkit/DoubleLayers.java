package dev.mimic.testkit;

/** The parts of a decoder in double, by plain loops from the published formulas; what oracles are made of. */
public final class DoubleLayers {
    private DoubleLayers() {}

    /**
     * {@code y[r] = Σ_c weight[r, c] · x[c]}.
     *
     * @param weight [rows, x.length]
     */
    public static double[] multiply(double[] weight, double[] x) {
        double[] y = new double[weight.length / x.length];
        for (int r = 0; r < y.length; r++) {
            for (int c = 0; c < x.length; c++) {
                y[r] += weight[r * x.length + c] * x[c];
            }
        }
        return y;
    }

    /** {@code x += more}. */
    public static void add(double[] x, double[] more) {
        for (int i = 0; i < x.length; i++) {
            x[i] += more[i];
        }
    }

    /**
     * Every run of {@code weight.length} elements divided by the root of its mean square, and scaled.
     *
     * @param x [runs · weight.length]
     */
    public static double[] rmsNorm(double[] x, double[] weight, double epsilon) {
        double[] out = new double[x.length];
        int size = weight.length;
        for (int from = 0; from < x.length; from += size) {
            double sum = 0;
            for (int i = 0; i < size; i++) {
                sum += x[from + i] * x[from + i];
            }
            double scale = 1 / Math.sqrt(sum / size + epsilon);
            for (int i = 0; i < size; i++) {
                out[from + i] = weight[i] * x[from + i] * scale;
            }
        }
        return out;
    }

    /**
     * Every head turned by its position: element j and j + headSize/2 by the angle {@code position · theta^(-2j/headSize)}.
     *
     * @param x [heads · headSize]
     * @param position may lie between two, where positions are stretched
     */
    public static double[] rotate(double[] x, int headSize, double position, double theta) {
        double[] out = new double[x.length];
        for (int from = 0; from < x.length; from += headSize) {
            for (int j = 0; j < headSize / 2; j++) {
                double angle = position / Math.pow(theta, 2.0 * j / headSize);
                double a = x[from + j];
                double b = x[from + j + headSize / 2];
                out[from + j] = a * Math.cos(angle) - b * Math.sin(angle);
                out[from + j + headSize / 2] = b * Math.cos(angle) + a * Math.sin(angle);
            }
        }
        return out;
    }
}
