package dev.mimic.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.testkit.Allocations;
import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Both forms of one row's {@code gemv}: each agrees with the double loop, and with the other bit for bit. */
final class VectorGemvFormsTest {
    private static final int LANES = VectorWidth.bits() / Float.SIZE;
    private static final int[] COLUMNS = {
        0, 1, 5, LANES - 1, LANES, LANES + 1, 7 * LANES, 8 * LANES, 8 * LANES + 3, 9 * LANES, 17 * LANES - 1, 576, 641
    };
    private static final int[] ROWS = {1, 2, 3, 5, 15, 16, 17, 31, 33, 47, 64, 131};

    /** Products until a form is chosen, by a clock that goes on by a tenth of what nothing is tried in. */
    private static final int ALL_TRIALS = 10 + GemvTuner.WARM_CALLS + 2 * GemvTuner.SAMPLES;

    private long now;
    private final WorkerPool pool = WorkerPool.of(2);
    private final MatrixKernels streams = forced(GemvForm.STREAMS);
    private final MatrixKernels sequential = forced(GemvForm.SEQUENTIAL);
    private final MatrixKernels tuned = new VectorMatrixKernels(pool, GemvForm.BEST, () -> now);

    private MatrixKernels forced(GemvForm form) {
        return new VectorMatrixKernels(pool, form, System::nanoTime);
    }

    @AfterEach
    void close() {
        pool.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void everySizeAgreesWithTheDoubleLoop(Product.Format format) {
        SeededCases.run(1, 500, random -> {
            for (int rows : ROWS) {
                for (int cols : COLUMNS) {
                    check(random, format, rows, cols, 1);
                }
            }
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void severalSlicesAndBlocksOfColumnsAgreeWithTheDoubleLoop(Product.Format format) {
        SeededCases.run(1, 510, random -> {
            check(random, format, 96, 1290, 1);
            check(random, format, 37, 4096, 1);
            check(random, format, 67, 5200, 1); // nine slices: two blocks
            check(random, format, 33, 14336, 1);
            check(random, format, 35, 700, 3); // a batch has rows that go alone
        });
    }

    private void check(RandomGenerator random, Product.Format format, int rows, int cols, int batch) {
        try (Arena arena = Arena.ofShared()) {
            Matrix weights = Product.weights(arena, random, format, rows, cols, random.nextInt(4));
            float[] x = Product.activations(random, batch * cols);
            float[] y = Product.GEMV.guarded(sequential, weights, batch, x);
            Product.GEMV.assertRight(weights, batch, x, y);
            MatrixKernelsContract.assertSameBits(
                    Product.GEMV.guarded(streams, weights, batch, x), y, Product.describe(weights));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void tryingFormsChangesNoBitAndLeavesNoBoxesBehind(Product.Format format) {
        int cols = 1027;
        int rows = (int) (GemvTuner.LEAST / 1024);
        try (Arena arena = Arena.ofShared()) {
            Matrix weights = Product.weights(arena, SeededCases.generator(520), format, rows, cols, 0);
            float[] x = Product.activations(SeededCases.generator(521), cols);
            float[] expected = new float[rows];
            streams.gemv(weights, 1, x, expected);
            float[] y = new float[rows];
            for (int i = 0; i < ALL_TRIALS; i++) {
                now += GemvTuner.WAIT / 10; // every form that a product may take while forms are tried
                tuned.gemv(weights, 1, x, y);
                assertTrue(tuned.isTrying());
                MatrixKernelsContract.assertSameBits(expected, y, Product.describe(weights) + ", call " + i);
            }
            for (MatrixKernels after : new MatrixKernels[] {tuned, streams}) {
                long bytes = Allocations.fewestBytes(10, "mimic-worker", () -> after.gemv(weights, 1, x, y));
                assertEquals(0, bytes, after.forms() + ": bytes allocated by 10 calls");
            }
            tuned.gemv(weights, 1, x, y);
            MatrixKernelsContract.assertSameBits(expected, y, tuned.forms());
        }
    }

    @Test
    void productsWithoutASecondFormAreNotTried() {
        try (Arena arena = Arena.ofShared()) {
            for (Product.Format format : Product.Format.values()) {
                int batch = format == Product.Format.F32 || format == Product.Format.BF16 ? 3 : 1;
                Matrix weights = Product.weights(arena, SeededCases.generator(1), format, 1024, 1024, 0);
                float[] x = Product.activations(SeededCases.generator(2), batch * 1024);
                tuned.gemv(weights, batch, x, new float[batch * 1024]);
                assertFalse(tuned.isTrying(), format.toString());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void theSequentialFormAllocatesNothingOnceItsLoopsAreCompiled(Product.Format format) {
        try (Arena arena = Arena.ofShared()) {
            Matrix weights = Product.weights(arena, SeededCases.generator(1), format, 96, 200, 0);
            float[] x = Product.activations(SeededCases.generator(2), 200);
            float[] y = new float[96];
            long bytes = Allocations.fewestBytes(1_000, "mimic-worker", () -> sequential.gemv(weights, 1, x, y));
            assertEquals(0, bytes, "bytes allocated by 1000 calls");
        }
    }

    @Test
    void tryingFormsAllocatesNothingOnceTheirLoopsAreCompiled() {
        try (Arena arena = Arena.ofShared()) {
            int cols = (int) (GemvTuner.LEAST / 64);
            Matrix weights = Product.weights(arena, SeededCases.generator(1), Product.Format.BF16, 64, cols, 0);
            float[] x = Product.activations(SeededCases.generator(2), cols);
            float[] y = new float[64];
            Allocations.fewestBytes(10, "mimic-worker", () -> sequential.gemv(weights, 1, x, y)); // compiled
            Allocations.fewestBytes(10, "mimic-worker", () -> streams.gemv(weights, 1, x, y));
            tuned.gemv(weights, 1, x, y);
            now += GemvTuner.WAIT + GemvTuner.WARM_UP;
            long bytes = Allocations.fewestBytes(
                    GemvTuner.WARM_CALLS / 10, "mimic-worker", () -> tuned.gemv(weights, 1, x, y));
            assertEquals(0, bytes, "bytes allocated by calls that try");
            assertTrue(tuned.isTrying());
        }
    }
}
