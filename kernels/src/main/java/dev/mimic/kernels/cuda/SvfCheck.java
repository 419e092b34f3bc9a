package dev.mimic.kernels.cuda;

import dev.mimic.kernels.check.CheckResult;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svf.SvfFactors;
import dev.mimic.kernels.svf.SvfKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** The fused product of singular value fine-tuning, on the device and on the processor. */
final class SvfCheck {
    private static final int BATCH = 5;

    private final CudaKernels kernels;
    private final SvfKernels processor;
    private final int out;
    private final int in;
    private final int rank;

    SvfCheck(CudaKernels kernels, CudaCheck.Processor processor, int size) {
        this.kernels = kernels;
        this.processor = processor.svf();
        out = size;
        in = size / 2 + 1;
        rank = size / 4 + 3;
    }

    void addTo(Consumer<CudaCheck.Check> checks) {
        checks.accept(new CudaCheck.Check("svf, one z", () -> run("svf, one z", true)));
        checks.accept(new CudaCheck.Check("svf, a z each", () -> run("svf, a z each", false)));
    }

    private CheckResult run(String name, boolean shared) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(11);
        SvfFactors factors = new SvfFactors(matrix(random, out, rank), matrix(random, in, rank));
        kernels.memory().load(List.of(), List.of(factors.u(), factors.v()), (bytes, total) -> {});
        try {
            float[] x = gaussian(random, BATCH * in);
            float[][] scales = new float[BATCH][];
            for (int i = 0; i < BATCH; i++) {
                scales[i] = shared && i > 0 ? scales[0] : gaussian(random, rank);
            }
            float[] expected = new float[BATCH * out];
            processor.apply(SvfKernels.Phase.PREFILL, factors, BATCH, x, scales, new float[BATCH * rank], expected);
            float[] found = new float[BATCH * out];
            double millis = Stopwatch.millis(
                    kernels.device(),
                    () -> kernels.svf()
                            .apply(
                                    SvfKernels.Phase.PREFILL,
                                    factors,
                                    BATCH,
                                    x,
                                    scales,
                                    new float[BATCH * rank],
                                    found));
            // both sides round both sums, as GemmCheck says
            double tolerance = 2 * 4 * (Math.sqrt(in) + Math.sqrt(rank) + 1) * 0x1p-24;
            String shape = "[" + BATCH + ", " + in + "] rank " + rank + " to " + out;
            return CheckResult.of(name, shape, error(factors, x, scales, expected, found), tolerance)
                    .timed(millis, 2.0 * BATCH * rank * (in + out), "FLOP/s");
        } finally {
            kernels.weights().unload(factors.u());
            kernels.weights().unload(factors.v());
        }
    }

    /** Relative to the sum of the magnitudes, as if nothing cancelled. */
    private double error(SvfFactors factors, float[] x, float[][] scales, float[] expected, float[] found) {
        double worst = 0;
        for (int row = 0; row < BATCH; row++) {
            double[] middle = new double[rank];
            for (int k = 0; k < rank; k++) {
                for (int j = 0; j < in; j++) {
                    middle[k] += Math.abs(factors.v().get((long) j * rank + k) * x[row * in + j]);
                }
                middle[k] *= Math.abs(scales[row][k]);
            }
            for (int i = 0; i < out; i++) {
                double size = 0;
                for (int k = 0; k < rank; k++) {
                    size += Math.abs(factors.u().get((long) i * rank + k)) * middle[k];
                }
                double error = Math.abs((double) expected[row * out + i] - found[row * out + i]) / size;
                worst = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(worst, error);
            }
        }
        return worst;
    }

    private static float[] gaussian(RandomGenerator random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static Matrix matrix(RandomGenerator random, int rows, int cols) {
        MemorySegment data = Arena.ofAuto().allocate((long) rows * cols * Float.BYTES, Float.BYTES);
        for (long i = 0; i < (long) rows * cols; i++) {
            data.set(Matrix.FLOAT, i * Float.BYTES, (float) random.nextGaussian());
        }
        return new Matrix.F32(rows, cols, data);
    }
}
