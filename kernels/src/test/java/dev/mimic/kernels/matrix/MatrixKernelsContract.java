package dev.mimic.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every implementation of {@link MatrixKernels} must do; the oracle is a double loop. */
public abstract class MatrixKernelsContract {
    private static final int LANES = VectorWidth.bits() / Float.SIZE;
    private static final int[] SIZES = {
        0, 1, 2, 3, 5, LANES - 1, LANES, LANES + 1, 2 * LANES - 1, 2 * LANES, 2 * LANES + 1, 47, 97, 131
    };
    private static final int[] BATCHES = {1, 2, 3, 4, 7, 8, 9, 31, 32, 33, 70, 12, 17, 23, 25};

    private final WorkerPool pool = WorkerPool.of(2);

    @SuppressWarnings("this-escape") // subclasses are told
    private final MatrixKernels kernels = kernels(pool);

    /** For those that say which kernels. */
    protected MatrixKernelsContract() {}

    /** Kernels over a pool; called before a subclass's own fields are set. */
    protected abstract MatrixKernels kernels(WorkerPool pool);

    @AfterEach
    public void close() {
        pool.close();
    }

    @ParameterizedTest
    @EnumSource
    public void productsOfEverySizeAgreeWithTheDoubleLoop(Product product) {
        SeededCases.run(1, 1, random -> {
            for (Product.Format format : Product.Format.values()) {
                for (int rows : SIZES) {
                    for (int cols : SIZES) {
                        check(product, random, format, rows, cols, BATCHES[random.nextInt(8)]);
                    }
                }
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    public void productsOfEveryBatchAgreeWithTheDoubleLoop(Product product) {
        SeededCases.run(BATCHES.length, 100, random -> {
            for (Product.Format format : Product.Format.values()) {
                for (int batch : BATCHES) {
                    check(product, random, format, random.nextInt(1, 70), random.nextInt(1, 70), batch);
                }
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    public void productsOfModelSizesAgreeWithTheDoubleLoop(Product product) {
        SeededCases.run(1, 200, random -> {
            for (Product.Format format : Product.Format.values()) {
                check(product, random, format, 576, 1536, 3);
                check(product, random, format, 1536, 576, 1);
                check(product, random, format, 110, 1040, 33); // more than one block, slice and step of each kind
                check(product, random, format, 1040, 110, 100);
                check(product, random, format, 5, 4100, 2);
                check(product, random, format, 2100, 70, 1); // several slices side by side, and some more
            }
        });
    }

    @Test
    public void longBatchesAgreeWithTheDoubleLoop() {
        SeededCases.run(1, 300, random -> {
            check(Product.GEMM, random, Product.Format.BF16, 19, 21, 1100);
            check(Product.GEMM, random, Product.Format.F32, 19, 21, 1100);
            check(Product.GEMM, random, Product.Format.F32, 1030, 800, 250); // several blocks and slices on two threads
            check(Product.GEMM_TRANSPOSED, random, Product.Format.BF16, 19, 21, 1100);
            check(Product.GEMV, random, Product.Format.BF16, 19, 21, 200);
            check(Product.GEMV_TRANSPOSED, random, Product.Format.BF16, 19, 21, 200);
        });
    }

    private void check(Product product, RandomGenerator random, Product.Format format, int rows, int cols, int batch) {
        try (Arena arena = Arena.ofShared()) {
            Matrix weights = Product.weights(arena, random, format, rows, cols, random.nextInt(4));
            float[] x = Product.activations(random, batch * product.inputs(weights));
            product.assertRight(weights, batch, x, product.guarded(kernels, weights, batch, x));
        }
    }

    @ParameterizedTest
    @EnumSource
    public void aRowOfABatchHasTheBitsItHasAlone(Product product) {
        SeededCases.run(24, 400, random -> {
            int batch = random.nextBoolean() ? BATCHES[random.nextInt(BATCHES.length)] : random.nextInt(71, 500);
            boolean wide = random.nextBoolean(); // more than a slice in both directions in turn
            int rows = random.nextInt(1, wide ? 150 : 600);
            int cols = random.nextInt(1, wide ? 1100 : 300);
            assertAloneAsTogether(product, random, Product.Format.any(random), rows, cols, batch);
        });
    }

    @ParameterizedTest
    @EnumSource
    public void aRowOfABatchHasTheBitsItHasAloneWhereSlicesAreMany(Product product) {
        SeededCases.run(6, 410, random -> {
            Product.Format format = random.nextBoolean() ? Product.Format.F32 : Product.Format.BF16;
            assertAloneAsTogether(product, random, format, random.nextInt(1024, 2400), random.nextInt(1, 150), 3);
        });
    }

    @Test
    public void aRowOfALongBatchHasTheBitsItHasAlone() {
        SeededCases.run(
                1, 420, random -> assertAloneAsTogether(Product.GEMM, random, Product.Format.F32, 1030, 800, 250));
    }

    @Test
    public void aFewRowsOfEveryNumberHaveTheBitsTheyHaveAlone() {
        SeededCases.run(1, 420, random -> {
            for (int batch = 2; batch <= 25; batch++) { // beyond what any width takes in place
                for (Product.Format format : List.of(Product.Format.INT8, Product.Format.BF16, Product.Format.F32)) {
                    int rows = random.nextInt(1, 80);
                    assertAloneAsTogether(Product.GEMV, random, format, rows, random.nextInt(1, 1400), batch);
                }
            }
        });
    }

    private void assertAloneAsTogether(
            Product product, RandomGenerator random, Product.Format format, int rows, int cols, int batch) {
        try (Arena arena = Arena.ofShared()) {
            Matrix weights = Product.weights(arena, random, format, rows, cols, random.nextInt(4));
            int inputs = product.inputs(weights);
            int outputs = product.outputs(weights);
            float[] x = Product.activations(random, batch * inputs);
            float[] together = product.guarded(kernels, weights, batch, x);
            for (int i = 0; i < batch; i++) {
                float[] row = Arrays.copyOfRange(x, i * inputs, (i + 1) * inputs);
                assertSameBits(
                        product.guarded(kernels, weights, 1, row),
                        Arrays.copyOfRange(together, i * outputs, (i + 1) * outputs),
                        product + " " + Product.describe(weights) + ": row " + i + " of " + batch);
            }
        }
    }

    @Test
    public void productsHandedOverTogetherHaveTheBitsTheyHaveAlone() {
        SeededCases.run(40, 450, random -> {
            try (Arena arena = Arena.ofShared()) {
                int batch = BATCHES[random.nextInt(BATCHES.length)];
                boolean large = random.nextBoolean(); // enough for all threads
                GemvGroup group = new GemvGroup();
                List<float[]> expected = new ArrayList<>();
                for (int i = random.nextInt(6); i > 0; i--) {
                    Product product = random.nextBoolean() ? Product.GEMV : Product.GEMV_TRANSPOSED;
                    int most = large ? 500 : 100;
                    Matrix weights = Product.weights(
                            arena,
                            random,
                            Product.Format.any(random),
                            random.nextInt(0, most),
                            random.nextInt(0, most),
                            random.nextInt(4));
                    float[] x = Product.activations(random, batch * product.inputs(weights));
                    float[] y = new float[batch * product.outputs(weights) + 3];
                    Arrays.fill(y, 12345.678f); // what is behind the product stays
                    float[] alone = y.clone();
                    if (product == Product.GEMV) {
                        group.add(weights, x, y);
                        kernels.gemv(weights, batch, x, alone);
                    } else {
                        group.addTransposed(weights, x, y);
                        kernels.gemvTransposed(weights, batch, x, alone);
                    }
                    expected.add(alone);
                }
                kernels.gemv(batch, group);
                for (int i = 0; i < group.count(); i++) {
                    assertSameBits(
                            expected.get(i),
                            group.y(i),
                            "product " + i + " of " + group.count() + ", " + Product.describe(group.weights(i))
                                    + (group.transposed(i) ? " transposed" : "") + ", batch " + batch);
                }
                group.clear();
                assertEquals(0, group.count());
            }
        });
    }

    @Test
    public void aGroupWithAShortArrayIsRefusedAndTheNextOneRuns() {
        try (Arena arena = Arena.ofShared()) {
            Matrix weights = Product.weights(arena, SeededCases.generator(1), Product.Format.F32, 6, 5, 0);
            GemvGroup group = new GemvGroup();
            group.add(weights, new float[10], new float[12]);
            group.addTransposed(weights, new float[12], new float[9]);
            assertThrows(IllegalArgumentException.class, () -> kernels.gemv(2, group));
            group.clear();
            float[] x = {1, 2, 3, 4, 5};
            float[] expected = new float[6];
            kernels.gemv(weights, 1, x, expected);
            float[] y = new float[6];
            group.add(weights, x, y);
            kernels.gemv(1, group);
            assertArrayEquals(expected, y);
        }
    }

    @Test
    public void aGroupTakesNoArrayThatAnotherOfItsProductsWrites() {
        try (Arena arena = Arena.ofShared()) {
            Matrix weights = Product.weights(arena, SeededCases.generator(1), Product.Format.F32, 5, 5, 0);
            GemvGroup group = new GemvGroup();
            float[] x = new float[5];
            float[] y = new float[5];
            float[] other = new float[5];
            group.add(weights, x, y);
            group.addTransposed(weights, x, new float[5]); // one x for both
            for (float[][] xy :
                    List.of(new float[][] {x, y}, new float[][] {y, other}, new float[][] {other, x}, new float[][] {
                        other, other
                    })) {
                assertThrows(IllegalArgumentException.class, () -> group.add(weights, xy[0], xy[1]));
                assertThrows(IllegalArgumentException.class, () -> group.addTransposed(weights, xy[0], xy[1]));
            }
            assertEquals(2, group.count());
        }
    }

    @ParameterizedTest
    @EnumSource
    public void theNumberOfThreadsChangesNoBit(Product product) {
        try (WorkerPool one = WorkerPool.of(1);
                WorkerPool three = WorkerPool.of(3)) {
            MatrixKernels alone = kernels(one);
            MatrixKernels inThree = kernels(three);
            SeededCases.run(24, 500, random -> {
                try (Arena arena = Arena.ofShared()) {
                    Product.Format format = Product.Format.any(random);
                    int batch = random.nextBoolean() ? BATCHES[random.nextInt(BATCHES.length)] : random.nextInt(500);
                    Matrix weights =
                            Product.weights(arena, random, format, random.nextInt(1, 400), random.nextInt(1, 400), 0);
                    float[] x = Product.activations(random, batch * product.inputs(weights));
                    float[] expected = product.guarded(alone, weights, batch, x);
                    String what = product + " " + Product.describe(weights) + " batch " + batch;
                    assertSameBits(expected, product.guarded(kernels, weights, batch, x), what + ", 2 threads");
                    assertSameBits(expected, product.guarded(inThree, weights, batch, x), what + ", 3 threads");
                }
            });
        }
    }

    @ParameterizedTest
    @EnumSource
    public void compilationChangesNoBit(Product product) {
        SeededCases.run(1, 600, random -> {
            try (Arena arena = Arena.ofShared()) {
                for (Product.Format format : Product.Format.values()) {
                    Matrix weights = Product.weights(arena, random, format, 13, 3 * LANES + 1, 1);
                    float[] x = Product.activations(random, 5 * product.inputs(weights));
                    float[] cold = product.guarded(kernels, weights, 5, x);
                    for (int i = 0; i < 2_000; i++) {
                        assertSameBits(cold, product.guarded(kernels, weights, 5, x), product + " " + format);
                    }
                }
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    public void nonFiniteWeightsAndActivationsComeThrough(Product product) {
        SeededCases.run(30, 700, random -> {
            try (Arena arena = Arena.ofShared()) {
                Product.Format format = Product.Format.any(random);
                int rows = random.nextInt(1, 40);
                int cols = random.nextInt(1, 40);
                Matrix finite = Product.weights(arena, random, format, rows, cols, 0);
                if (format.quantized() != null || format == Product.Format.INT8) { // its weights are finite always
                    activationsThatAreNotFinite(product, random, finite);
                    return;
                }
                MemorySegment data = arena.allocate(finite.byteSize()).copyFrom(finite.data());
                float special =
                        new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}[random.nextInt(3)];
                long at = random.nextInt(rows * cols);
                switch (format) {
                    case F32 -> data.set(Matrix.FLOAT, 4 * at, special);
                    case F16 -> data.set(Matrix.SHORT, 2 * at, Float.floatToFloat16(special));
                    default -> data.set(Matrix.SHORT, 2 * at, (short) (Float.floatToRawIntBits(special) >> 16));
                }
                Matrix weights = Product.of(format, rows, cols, data);
                float[] x = Product.activations(random, 3 * product.inputs(weights));
                x[random.nextInt(x.length)] = random.nextBoolean() ? Float.POSITIVE_INFINITY : 0;
                product.assertRight(weights, 3, x, product.guarded(kernels, weights, 3, x));
            }
        });
    }

    private void activationsThatAreNotFinite(Product product, RandomGenerator random, Matrix weights) {
        int inputs = product.inputs(weights);
        int outputs = product.outputs(weights);
        float[] x = Product.activations(random, 3 * inputs);
        x[inputs + random.nextInt(inputs)] = random.nextBoolean() ? Float.NEGATIVE_INFINITY : Float.NaN;
        float[] y = product.guarded(kernels, weights, 3, x);
        if (product != Product.GEMV || !(weights instanceof Matrix.Q4)) {
            product.assertRight(weights, 3, x, y);
            return;
        }
        for (int i = 0; i < y.length; i++) {
            assertEquals(i / outputs == 1, Float.isNaN(y[i]), "element " + i + " of 4-bit gemv is " + y[i]);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    public void everyHalfIsWidenedExactly(Product.Format format) {
        int count = 1 << 16;
        MemorySegment data = Arena.ofAuto().allocate(2L * count);
        for (int bits = 0; bits < count; bits++) {
            data.set(Matrix.SHORT, 2L * bits, (short) bits);
        }
        Matrix row = Product.of(format, 1, count, data);
        float[] one = {1};
        float[] vector = new float[count];
        float[] block = new float[count];
        kernels.gemvTransposed(row, 1, one, vector);
        kernels.gemmTransposed(row, 1, one, block);
        for (int bits = 0; bits < count; bits++) {
            float expected = format == Product.Format.F16 ? half(bits) : Float.intBitsToFloat(bits << 16);
            // a sum that starts at 0 has no -0
            assertEquals(expected + 0f, vector[bits], "gemvTransposed of bits " + bits);
            assertEquals(expected + 0f, block[bits], "gemmTransposed of bits " + bits);
        }
    }

    @Test
    public void everyByteIsWidenedExactly() {
        int count = 256 + 3; // a tail of three
        MemorySegment data = Arena.ofAuto().allocate(count);
        for (int i = 0; i < count; i++) {
            data.set(ValueLayout.JAVA_BYTE, i, (byte) i);
        }
        Matrix row = new Matrix.Int8(1, count, data);
        Matrix col = new Matrix.Int8(count, 1, data);
        float[] y = new float[count];
        for (Product product : Product.values()) {
            Matrix weights = product.transposed() ? row : col;
            product.run(kernels, weights, 1, new float[] {1}, y);
            for (int i = 0; i < count; i++) {
                assertEquals((byte) i, y[i], product + " of byte " + (byte) i);
            }
        }
    }

    /** IEEE 754 binary16 by its definition. */
    private static float half(int bits) {
        int exponent = (bits >> 10) & 31;
        int fraction = bits & 1023;
        float magnitude = switch (exponent) {
            case 0 -> Math.scalb((float) fraction, -24);
            case 31 -> fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
            default -> Math.scalb((float) (1024 + fraction), exponent - 25);
        };
        return bits >= 1 << 15 ? -magnitude : magnitude;
    }

    @Test
    public void dotOfEveryLengthAndOffsetAgreesWithTheDoubleLoop() {
        SeededCases.run(3, 800, random -> {
            for (int length : SIZES) {
                for (int offset : new int[] {0, 1, 3}) {
                    float[] a = Product.activations(random, length + offset + 5);
                    float[] b = Product.activations(random, length + 7);
                    double sum = 0;
                    double magnitude = 0;
                    for (int i = 0; i < length; i++) {
                        sum += (double) a[offset + i] * b[2 + i];
                        magnitude += Math.abs((double) a[offset + i] * b[2 + i]);
                    }
                    double bound = (length + 1) * Math.scalb(magnitude, -24) * 1.001;
                    float dot = kernels.dot(a, offset, b, 2, length);
                    assertTrue(Math.abs(dot - sum) <= bound, "length " + length + ": " + dot + ", expected " + sum);
                }
            }
        });
    }

    @Test
    public void axpyChangesItsRangeAndNothingElse() {
        SeededCases.run(3, 900, random -> {
            for (int length : SIZES) {
                for (int offset : new int[] {0, 1, 3}) {
                    float alpha = Product.activations(random, 1)[0];
                    float[] x = Product.activations(random, length + 7);
                    float[] y = Product.activations(random, length + offset + 5);
                    float[] before = y.clone();
                    kernels.axpy(alpha, x, 2, y, offset, length);
                    for (int i = 0; i < y.length; i++) {
                        boolean inside = i >= offset && i < offset + length;
                        double product = inside ? (double) alpha * x[2 + i - offset] : 0;
                        double bound =
                                inside ? Math.scalb(2 * Math.abs(product) + Math.abs(before[i]), -24) * 1.001 : 0;
                        assertEquals(before[i] + product, y[i], bound, "length " + length + ", element " + i);
                    }
                }
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    public void shortArraysAndAliasesAreRefused(Product product) {
        Matrix weights = Product.weights(Arena.ofAuto(), SeededCases.generator(1), Product.Format.F32, 6, 4, 0);
        int in = 2 * product.inputs(weights);
        int out = 2 * product.outputs(weights);
        String name = product.name().equals("GEMV") ? "gemv" : product.name().equals("GEMM") ? "gemm" : null;
        String message = assertRefused(product, weights, 2, new float[in - 1], new float[out]);
        assertTrue(message.endsWith("x has length " + (in - 1) + ", expected " + in + " (weights [6, 4], batch 2)"));
        assertTrue(name == null || message.startsWith(name + ": "), message);
        message = assertRefused(product, weights, 2, new float[in], new float[out - 1]);
        assertTrue(message.endsWith("y has length " + (out - 1) + ", expected " + out + " (weights [6, 4], batch 2)"));
        assertRefused(product, weights, -1, new float[in], new float[out]);
        float[] both = new float[in + out];
        assertRefused(product, weights, 2, both, both);
    }

    private String assertRefused(Product product, Matrix weights, int batch, float[] x, float[] y) {
        return assertThrows(IllegalArgumentException.class, () -> product.run(kernels, weights, batch, x, y))
                .getMessage();
    }

    @Test
    public void rangesOutsideTheirArrayAreRefused() {
        float[] a = new float[8];
        float[] b = new float[9];
        assertThrows(IllegalArgumentException.class, () -> kernels.dot(a, 1, b, 0, 8));
        assertThrows(IllegalArgumentException.class, () -> kernels.dot(a, 0, b, -1, 8));
        assertThrows(IllegalArgumentException.class, () -> kernels.axpy(1, a, 0, b, 2, 8));
        assertThrows(IllegalArgumentException.class, () -> kernels.axpy(1, a, 0, b, 0, -1));
    }

    static void assertSameBits(float[] expected, float[] actual, String what) {
        assertArrayEquals(bits(expected), bits(actual), what);
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            bits[i] = Float.floatToIntBits(values[i]);
        }
        return bits;
    }
}
