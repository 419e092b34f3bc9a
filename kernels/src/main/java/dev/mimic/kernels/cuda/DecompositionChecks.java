package dev.mimic.kernels.cuda;

import dev.mimic.kernels.check.CheckResult;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svd.RandomizedSvd;
import dev.mimic.kernels.svd.Sketch;
import dev.mimic.kernels.svd.Svd;
import dev.mimic.kernels.svd.SvdCheck;
import dev.mimic.kernels.svd.SvdSolver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Checks of cuSOLVER, skipped by name where there is none. */
final class DecompositionChecks {
    /** Decompositions of larger matrices take minutes and show nothing more. */
    private static final int LARGEST = 768;

    private final CudaDevice device;
    private final CudaCheck.Processor processor;
    private final SvdSolver svd;
    private final int longer;
    private final int shorter;

    DecompositionChecks(CudaKernels kernels, CudaCheck.Processor processor, int size) {
        this.device = kernels.device();
        this.processor = processor;
        this.svd = kernels.svd(processor.svd(), true);
        longer = Math.min(LARGEST, size);
        shorter = longer / 2 + 1;
    }

    void addTo(Consumer<CudaCheck.Check> checks) {
        add(checks, "gesvd, tall", () -> whole("gesvd, tall", longer, shorter));
        add(checks, "gesvd, wide", () -> whole("gesvd, wide", shorter, longer));
        add(checks, "geqrf and orgqr", this::basis);
        add(checks, "randomized svd", this::leading);
    }

    private void add(Consumer<CudaCheck.Check> checks, String name, java.util.function.Supplier<CheckResult> work) {
        checks.accept(new CudaCheck.Check(name, () -> {
            if (device.cuda().solver() == null) {
                throw new UnsupportedOperationException(
                        "no cuSOLVER: " + device.cuda().solverReason());
            }
            return work.get();
        }));
    }

    /**
     * The largest of what is off: W from its factors, U and V from orthonormal matrices, sigma from the processor's. Of a sound
     * decomposition in floats all are a small multiple of 2^-24, growing less than the shorter side does.
     */
    private CheckResult whole(String name, int rows, int cols) {
        Matrix w = matrix(random(), rows, cols);
        long start = System.nanoTime();
        Svd found = svd.full(w);
        double millis = (System.nanoTime() - start) * 1e-6;
        Svd expected = processor.svd().full(w);
        double worst = off(w, found);
        for (int k = 0; k < expected.rank(); k++) {
            worst = larger(worst, Math.abs(found.sigma()[k] - expected.sigma()[k]) / expected.sigma()[0]);
        }
        double operations = 6.0 * rows * cols * Math.min(rows, cols) + 20 * Math.pow(Math.min(rows, cols), 3);
        return CheckResult.of(name, "[" + rows + ", " + cols + "]", worst, Math.max(16, shorter) * 0x1p-24)
                .timed(millis, operations, "FLOP/s");
    }

    private double off(Matrix w, Svd svd) {
        SvdCheck check = SvdCheck.of(processor.doubles(), processor.pool(), w, svd);
        double ofV = SvdCheck.orthogonality(processor.doubles(), processor.pool(), svd.v(), svd.cols(), svd.rank());
        return larger(larger(check.relativeError(), check.orthogonality()), ofV);
    }

    /** The leading values of a spectrum that falls: near the processor's, of which the same sketch is drawn. */
    private CheckResult leading() {
        int rank = Math.max(2, shorter / 8);
        RandomGenerator random = random();
        Matrix left = matrix(random, longer, rank);
        Matrix right = matrix(random, shorter, rank);
        MemorySegment data = Arena.ofAuto().allocate((long) longer * shorter * Float.BYTES, Float.BYTES);
        for (int i = 0; i < longer; i++) {
            for (int j = 0; j < shorter; j++) {
                double sum = 0;
                for (int k = 0; k < rank; k++) {
                    sum += left.get((long) i * rank + k) * right.get((long) j * rank + k) / (1 << Math.min(k, 8));
                }
                data.set(ValueLayout.JAVA_FLOAT, ((long) i * shorter + j) * Float.BYTES, (float) sum);
            }
        }
        Matrix w = new Matrix.F32(longer, shorter, data);
        RandomizedSvd.Options options = new RandomizedSvd.Options(new Sketch.Gaussian(), rank, 10, 2, 3);
        long start = System.nanoTime();
        Svd found = svd.randomized(w, options);
        double millis = (System.nanoTime() - start) * 1e-6;
        Svd expected = processor.svd().randomized(w, options);
        double worst = off(w, found);
        for (int k = 0; k < rank; k++) {
            worst = larger(worst, Math.abs(found.sigma()[k] - expected.sigma()[k]) / expected.sigma()[0]);
        }
        String shape = "[" + longer + ", " + shorter + "] rank " + rank;
        return CheckResult.of("randomized svd", shape, worst, 8 * (rank + 11) * 0x1p-24)
                .timed(millis);
    }

    /** Q orthonormal, and A - Q QᵀA nothing. */
    private CheckResult basis() {
        float[] a = DeviceArrays.random(random(), longer * shorter);
        DeviceArrays arrays = new DeviceArrays(device);
        CudaSolver solver = new CudaSolver(device);
        CudaBlas blas = new CudaBlas(device);
        try (DeviceBuffer bufferQ = arrays.buffer(a);
                DeviceBuffer bufferA = arrays.buffer(a);
                DeviceBuffer bufferB = device.allocate((long) shorter * shorter * Float.BYTES)) {
            DeviceMatrix q = DeviceMatrix.of(bufferQ, DeviceType.F32, longer, shorter);
            DeviceMatrix rest = DeviceMatrix.of(bufferA, DeviceType.F32, longer, shorter);
            DeviceMatrix b = DeviceMatrix.of(bufferB, DeviceType.F32, shorter, shorter);
            double millis = Stopwatch.once(device, () -> solver.orthonormalize(q));
            float[] columns = arrays.floats(bufferQ, a.length);
            float[] byRows = new float[a.length];
            for (int i = 0; i < longer; i++) {
                for (int j = 0; j < shorter; j++) {
                    byRows[i * shorter + j] = columns[j * longer + i];
                }
            }
            double worst = SvdCheck.orthogonality(processor.doubles(), processor.pool(), byRows, longer, shorter);
            blas.gemm(1, true, q, false, rest, 0, b);
            blas.gemm(-1, false, q, false, b, 1, rest);
            worst = larger(worst, norm(arrays.floats(bufferA, a.length)) / norm(a));
            double operations = 4.0 * longer * shorter * shorter;
            return CheckResult.of("geqrf and orgqr", "[" + longer + ", " + shorter + "]", worst, 8 * shorter * 0x1p-24)
                    .timed(millis, operations, "FLOP/s");
        }
    }

    private static double norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }

    private static double larger(double a, double b) {
        return Double.isNaN(b) ? Double.POSITIVE_INFINITY : Math.max(a, b);
    }

    private static RandomGenerator random() {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(13);
    }

    private static Matrix matrix(RandomGenerator random, int rows, int cols) {
        MemorySegment data = Arena.ofAuto().allocate((long) rows * cols * Float.BYTES, Float.BYTES);
        for (long i = 0; i < (long) rows * cols; i++) {
            data.set(Matrix.FLOAT, i * Float.BYTES, (float) random.nextGaussian());
        }
        return new Matrix.F32(rows, cols, data);
    }
}
