package dev.mimic.bench;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Times products of 4096x4096 weights for a process that times others in between ({@code bench/openblas}): reads lines
 * {@code gemm|gemv F32|BF16 ROWS THREADS SECONDS} and answers each with GFLOP/s. {@code gemv} is decoding's product of several
 * rows. Weights are read from memory, copy after copy.
 */
final class ProductServer {
    private static final int N = 4096;
    private static final int MOST_ROWS = 512;
    private static final long BYTES = 640L << 20;
    private static final int PATTERN = 1 << 16;

    private final Set<String> checked = new HashSet<>();
    private final MemorySegment memory;
    private final float[] x = new float[MOST_ROWS * N];
    private final float[] y = new float[MOST_ROWS * N];
    private long copy;

    private ProductServer(Arena arena) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        memory = arena.allocate(BYTES, N);
        short[] pattern = new short[PATTERN];
        for (int i = 0; i < pattern.length; i++) {
            pattern[i] = (short) (Float.floatToRawIntBits(random.nextFloat() - 0.5f) >> Short.SIZE);
        }
        for (long at = 0; at < BYTES; at += 2L * PATTERN) {
            MemorySegment.copy(pattern, 0, memory, Matrix.SHORT, at, PATTERN);
        }
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat() - 0.5f;
        }
    }

    /** Answers until the input ends. */
    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        try (Arena arena = Arena.ofShared();
                WorkerPool one = WorkerPool.of(1);
                WorkerPool two = WorkerPool.of(2)) {
            ProductServer server = new ProductServer(arena);
            MatrixKernels[] kernels = {MatrixKernels.vector(one), MatrixKernels.vector(two)};
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] words = line.split(" ", -1);
                int rows = Integer.parseInt(words[2]);
                int threads = Integer.parseInt(words[3]);
                boolean decoding = words[0].equals("gemv");
                if (server.checked.add(String.join(" ", words[0], words[1], words[2], words[3]))) {
                    check(decoding, words[1], rows, threads);
                }
                double speed =
                        server.gigaflops(kernels[threads - 1], decoding, words[1], rows, Double.parseDouble(words[4]));
                System.out.printf(Locale.ROOT, "%.3f%n", speed);
                System.out.flush();
            }
        }
    }

    private static void check(boolean decoding, String dtype, int rows, int threads) {
        try (MatrixCase small = new MatrixCase("512x4096", dtype, rows, false, threads)) {
            multiply(small.kernels, decoding, small.weights, rows, small.x, small.y);
            small.check(decoding);
        }
    }

    private double gigaflops(MatrixKernels kernels, boolean decoding, String dtype, int rows, double seconds) {
        boolean half = dtype.equals("BF16");
        long size = (long) N * N * (half ? Short.BYTES : Float.BYTES);
        long calls = 0;
        long begin = System.nanoTime();
        long nanos = 0;
        while (calls < 2 || nanos < seconds * 1e9) {
            MemorySegment data = memory.asSlice(copy++ % (BYTES / size) * size, size);
            Matrix weights = half ? new Matrix.Bf16(N, N, data) : new Matrix.F32(N, N, data);
            multiply(kernels, decoding, weights, rows, x, y);
            calls++;
            nanos = System.nanoTime() - begin;
        }
        return 2.0 * N * N * rows * calls / nanos;
    }

    private static void multiply(
            MatrixKernels kernels, boolean decoding, Matrix weights, int rows, float[] x, float[] y) {
        if (decoding) {
            kernels.gemv(weights, rows, x, y);
        } else {
            kernels.gemm(weights, rows, x, y);
        }
    }
}
