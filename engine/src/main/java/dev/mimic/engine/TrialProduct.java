package dev.mimic.engine;

import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.matrix.Matrix;

/** One product on a device beside the processor's, before anything relies on it: a card may refuse a type, or be off. */
final class TrialProduct {
    /** Share of the sum of magnitudes that rounding may come to; a wrong order of operands gives about one. */
    private static final double TOLERANCE = 1e-3;

    private TrialProduct() {}

    /** A device computes something else than the processor. */
    static final class WrongProductException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private WrongProductException(String message) {
            super(message);
        }
    }

    /**
     * Multiplies a weight with a row that has no two equal elements.
     *
     * @param device where the weight was loaded
     * @throws WrongProductException if the results differ where the processor's is finite, with the element and both values
     * @throws RuntimeException what the device reports
     */
    static void run(Backend device, Backend processor, Matrix weight) {
        float[] x = new float[weight.cols()];
        for (int c = 0; c < x.length; c++) {
            x[c] = 1f / (c + 3);
        }
        float[] y = new float[weight.rows()];
        float[] expected = new float[weight.rows()];
        device.matrix().gemv(weight, 1, x, y);
        processor.matrix().gemv(weight, 1, x, expected);
        for (int r = 0; r < y.length; r++) {
            double magnitudes = 0;
            for (int c = 0; c < x.length; c++) {
                magnitudes += Math.abs((double) weight.get((long) r * weight.cols() + c) * x[c]);
            }
            boolean same =
                    Math.abs((double) y[r] - expected[r]) <= TOLERANCE * magnitudes; // false of what is no number
            if (Float.isFinite(expected[r]) && !same) {
                throw new WrongProductException(device.name() + ": a trial product is wrong, element " + r + " is "
                        + y[r] + ", expected " + expected[r]);
            }
        }
    }
}
