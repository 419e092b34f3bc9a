package dev.mimic.kernels.cuda;

import dev.mimic.kernels.check.CheckResult;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * A matrix product on a device beside sums in doubles: {@code C = alpha op(A) op(B) + beta C}, for each matrix of a batch.
 *
 * @param name of the check
 * @param way how it is called
 * @param transA whether op is the transpose
 * @param gap elements between the columns of all three, which hold no number
 * @param batch how many
 */
record GemmCheck(
        String name,
        Way way,
        boolean transA,
        boolean transB,
        int m,
        int n,
        int k,
        int gap,
        float alpha,
        float beta,
        int batch) {
    private static final int SAMPLE = 4096;
    private static final float UNTOUCHED = 7.5f;

    /** How a product is called. */
    enum Way {
        /** As mimic multiplies matrices of floats. */
        F32(DeviceType.F32, CudaConstants.CUBLAS_COMPUTE_32F),
        /** As mimic multiplies matrices of bf16, into floats. */
        BF16(DeviceType.BF16, CudaConstants.CUBLAS_COMPUTE_32F),
        /** Floats, with no shortcut of any kind. */
        PEDANTIC(DeviceType.F32, CudaConstants.CUBLAS_COMPUTE_32F_PEDANTIC),
        /** Floats cut to eleven digits, which mimic never asks for. */
        TF32(DeviceType.F32, CudaConstants.CUBLAS_COMPUTE_32F_FAST_TF32);

        private final DeviceType type;
        private final int compute;

        Way(DeviceType type, int compute) {
            this.type = type;
            this.compute = compute;
        }

        /**
         * The largest error, as a share of the sum of the products' magnitudes, of a sum of k. Roundings of a sum in floats
         * add up as a random walk does (Higham and Mary 2019, with their lambda 4), TF32 rounds each factor to 2^-11 before.
         * TF32 in the place of floats is over the tolerance of those.
         */
        private double tolerance(int k) {
            double sum = 4 * Math.sqrt(Math.max(1, k)) * 0x1p-24;
            return this == TF32 ? 0x1p-10 + sum : sum;
        }
    }

    /** A plain product of one size. */
    static GemmCheck square(String name, Way way, int size) {
        return new GemmCheck(name, way, true, false, size, size, size, 0, 1, 0, 1);
    }

    /** Makes it. */
    CheckResult run(CudaDevice device) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(name.hashCode());
        float[] a = operand(random, transA ? k : m, transA ? m : k);
        float[] b = operand(random, transB ? n : k, transB ? k : n);
        float[] c = result(random);
        DeviceArrays arrays = new DeviceArrays(device);
        try (DeviceBuffer bufferA = arrays.buffer(way.type, a);
                DeviceBuffer bufferB = arrays.buffer(way.type, b);
                DeviceBuffer bufferC = arrays.buffer(c)) {
            Runnable product = product(device, bufferA, bufferB, bufferC);
            product.run();
            float[] found = arrays.floats(bufferC, c.length);
            double error = error(random, a, b, c, found);
            double millis = Stopwatch.millis(device, product);
            String shape = "[" + m + ", " + k + "] [" + k + ", " + n + "]" + (batch > 1 ? " x " + batch : "");
            return CheckResult.of(name, shape, error, way.tolerance(k))
                    .timed(millis, 2.0 * m * n * k * batch, "FLOP/s");
        }
    }

    private int leading(int rows) {
        return Math.max(1, rows + gap);
    }

    private float[] operand(RandomGenerator random, int rows, int cols) {
        float[] values = new float[Math.max(1, leading(rows) * cols * batch)];
        for (int i = 0; i < values.length; i++) {
            float value = (float) random.nextGaussian();
            values[i] = i % leading(rows) >= rows ? Float.NaN : way.type == DeviceType.BF16 ? bf16(value) : value;
        }
        return values;
    }

    private static float bf16(float value) {
        return Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xFFFF0000);
    }

    /** What C holds before: not read where beta is 0, and not written between columns. */
    private float[] result(RandomGenerator random) {
        float[] values = new float[leading(m) * n * batch];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % leading(m) >= m ? UNTOUCHED : beta == 0 ? Float.NaN : (float) random.nextGaussian();
        }
        return values;
    }

    private Runnable product(CudaDevice device, DeviceBuffer a, DeviceBuffer b, DeviceBuffer c) {
        int rowsA = transA ? k : m;
        int rowsB = transB ? n : k;
        if (batch == 1 && (way == Way.F32 || way == Way.BF16)) {
            CudaBlas blas = new CudaBlas(device);
            DeviceMatrix matrixA = new DeviceMatrix(a, 0, way.type, rowsA, transA ? m : k, leading(rowsA));
            DeviceMatrix matrixB = new DeviceMatrix(b, 0, way.type, rowsB, transB ? k : n, leading(rowsB));
            DeviceMatrix matrixC = new DeviceMatrix(c, 0, DeviceType.F32, m, n, leading(m));
            return () -> blas.gemm(alpha, transA, matrixA, transB, matrixB, beta, matrixC);
        }
        MemorySegment alphaAt = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT);
        alphaAt.set(ValueLayout.JAVA_FLOAT, 0, alpha);
        MemorySegment betaAt = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT);
        betaAt.set(ValueLayout.JAVA_FLOAT, 0, beta);
        int opA = transA ? CudaConstants.CUBLAS_OP_T : CudaConstants.CUBLAS_OP_N;
        int opB = transB ? CudaConstants.CUBLAS_OP_T : CudaConstants.CUBLAS_OP_N;
        return () -> device.run(() -> device.checkBlas(
                "cublasGemmStridedBatchedEx",
                device.cuda()
                        .blas()
                        .gemmStridedBatchedEx(
                                device.blas(),
                                opA,
                                opB,
                                m,
                                n,
                                k,
                                alphaAt,
                                a.address(0, a.bytes()),
                                way.type.code(),
                                leading(rowsA),
                                (long) leading(rowsA) * (transA ? m : k),
                                b.address(0, b.bytes()),
                                way.type.code(),
                                leading(rowsB),
                                (long) leading(rowsB) * (transB ? k : n),
                                betaAt,
                                c.address(0, c.bytes()),
                                CudaConstants.CUDA_R_32F,
                                leading(m),
                                (long) leading(m) * n,
                                batch,
                                way.compute,
                                CudaConstants.CUBLAS_GEMM_DEFAULT),
                name));
    }

    /** The largest of a sample of elements with all corners, of all where there are few; infinite if a gap was written. */
    private double error(RandomGenerator random, float[] a, float[] b, float[] before, float[] found) {
        for (int i = 0; i < found.length; i++) {
            if (i % leading(m) >= m && found[i] != UNTOUCHED) {
                return Double.POSITIVE_INFINITY;
            }
        }
        long elements = (long) m * n * batch;
        double worst = 0;
        for (int i = 0; i < Math.min(elements, SAMPLE); i++) {
            long at = elements <= SAMPLE ? i : i < 2 ? i * (elements - 1) : random.nextLong(elements);
            int row = (int) (at % m);
            int col = (int) (at / m % n);
            int which = (int) (at / m / n);
            double error = error(a, b, before, found, row, col, which);
            worst = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(worst, error);
        }
        return worst;
    }

    private double error(float[] a, float[] b, float[] before, float[] found, int row, int col, int which) {
        int leadingA = leading(transA ? k : m);
        int leadingB = leading(transB ? n : k);
        int firstA = which * leadingA * (transA ? m : k);
        int firstB = which * leadingB * (transB ? k : n);
        double sum = 0;
        double size = 0;
        for (int i = 0; i < k; i++) {
            double left = a[firstA + (transA ? row * leadingA + i : i * leadingA + row)];
            double right = b[firstB + (transB ? i * leadingB + col : col * leadingB + i)];
            sum += left * right;
            size += Math.abs(left * right);
        }
        int at = (which * n + col) * leading(m) + row;
        double old = beta == 0 ? 0 : (double) beta * before[at];
        double difference = Math.abs(found[at] - (alpha * sum + old));
        return difference == 0 ? 0 : difference / (Math.abs(alpha) * size + Math.abs(old));
    }
}
