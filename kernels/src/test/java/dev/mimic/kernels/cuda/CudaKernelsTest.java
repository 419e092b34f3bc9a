package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.matrix.QuantizedFormat;
import dev.mimic.kernels.matrix.WeightMemory;
import dev.mimic.kernels.svf.SvfFactors;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What lies on the device and what does not, what fits, and what happens when something fails; on the shim. */
final class CudaKernelsTest {
    private static final WeightMemory.UploadListener QUIET = (_, _) -> {};

    private final CudaShim shim = CudaShim.fresh();
    private final WorkerPool pool = WorkerPool.of(1);
    private final MatrixKernels processor = MatrixKernels.scalar(pool);
    private final List<String> notes = new ArrayList<>();
    private final CudaKernels cuda = CudaKernels.open(shim.available(), 0, processor, pool, notes::add);
    private final Arena arena = Arena.ofShared();

    @AfterEach
    void close() {
        cuda.close();
        cuda.close();
        arena.close();
        pool.close();
        shim.assertClean();
    }

    private Matrix.F32 matrix(int rows, int cols) {
        float[] values = DeviceArrays.random(SeededCases.generator(rows), rows * cols);
        MemorySegment data = arena.allocate(4L * values.length);
        MemorySegment.copy(values, 0, data, Matrix.FLOAT, 0, values.length);
        return new Matrix.F32(rows, cols, data);
    }

    private float[] product(MatrixKernels kernels, Matrix weights) {
        float[] x = new float[weights.cols()];
        Arrays.fill(x, 0.5f);
        float[] y = new float[weights.rows()];
        kernels.gemv(weights, 1, x, y);
        return y;
    }

    @Test
    void whatIsLoadedIsComputedThereAndNothingElse() {
        Matrix there = matrix(5, 3);
        Matrix here = matrix(4, 3);
        cuda.memory().load(List.of(there), List.of(), QUIET);
        float[] found = product(cuda.matrix(), there);
        assertEquals(1, shim.products());
        assertArrayEquals(product(processor, there), found, 1e-5f);
        assertArrayEquals(product(processor, here), product(cuda.matrix(), here));
        assertEquals(1, shim.products());
    }

    @Test
    void aMatrixNamedTwiceIsCopiedOnceAndTheListenerHearsAllBytes() {
        Matrix head = matrix(100, 30);
        Matrix u = matrix(50, 20);
        List<Long> heard = new ArrayList<>();
        cuda.memory().load(List.of(head, head), List.of(u), (bytes, total) -> {
            heard.add(bytes);
            assertEquals(16_000, total);
        });
        assertEquals(List.of(12_000L, 16_000L), heard);
        cuda.memory().load(List.of(head), List.of(), (_, _) -> heard.clear());
        assertEquals(2, heard.size());
    }

    @Test
    void anEmptyMatrixStaysHere() {
        Matrix empty = new Matrix.F32(4, 0, arena.allocate(0));
        cuda.memory().load(List.of(empty), List.of(), QUIET);
        assertArrayEquals(new float[4], product(cuda.matrix(), empty));
    }

    @Test
    void largeMatricesComeInPieces() {
        int rows = 3000;
        int cols = 1500;
        MemorySegment data = arena.allocate(2L * rows * cols + 1).asSlice(1);
        for (int i = 0; i < rows * cols; i += 7) {
            data.set(Matrix.SHORT, 2L * i, Float.floatToFloat16(i % 1000));
        }
        Matrix weights = new Matrix.F16(rows, cols, data);
        int[] pieces = {0};
        cuda.memory().load(List.of(weights), List.of(), (_, _) -> pieces[0]++);
        assertEquals(5, pieces[0]);
        assertArrayEquals(product(processor, weights), product(cuda.matrix(), weights), 1e-1f);
    }

    @Test
    void whatDoesNotFitIsRefusedBeforeAnythingIsCopied() {
        long copied = shim.libraries().copiedBytes();
        Matrix large = new Matrix.Bf16(1 << 14, 1 << 13, arena.allocate(1L << 28));
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> cuda.memory().load(List.of(matrix(3, 3), large), List.of(), QUIET))
                .getMessage();
        assertEquals(
                "cuda:0: the model needs 0.39 GiB on the device (weights 0.25, work 0.14), 0.25 of 0.25 GiB are free",
                message);
        assertEquals(copied, shim.libraries().copiedBytes());
        assertEquals(0, shim.liveBytes());
    }

    @Test
    void quantizedMatricesAreRefusedBeforeAnythingIsCopied() {
        QuantizedFormat q4 = QuantizedFormat.Q4;
        Matrix quantized =
                q4.matrix(8, 32, arena.allocate(q4.valueBytes(8, 32), 64), arena.allocate(q4.scaleBytes(8, 32), 64));
        Matrix bytes = new Matrix.Int8(3, 3, arena.allocate(9));
        String rest = " are computed on the processor only";
        assertEquals(
                "cuda:0: quantized weights (q4)" + rest,
                assertThrows(
                                IllegalArgumentException.class,
                                () -> cuda.memory().load(List.of(matrix(3, 3), quantized), List.of(), QUIET))
                        .getMessage());
        assertEquals(
                "cuda:0: quantized weights (q8)" + rest,
                assertThrows(
                                IllegalArgumentException.class,
                                () -> cuda.memory().load(List.of(matrix(3, 3)), List.of(bytes), QUIET))
                        .getMessage());
        assertEquals(0, shim.liveBytes());
    }

    @Test
    void workMemoryGrowsWithTheLargestProductAndIsUsedAgain() {
        Matrix weights = matrix(64, 48);
        cuda.memory().load(List.of(weights), List.of(), QUIET);
        float[] x = new float[40 * 48];
        float[] y = new float[40 * 64];
        List<Long> bytes = new ArrayList<>();
        for (int batch : new int[] {1, 3, 3, 40, 2, 40}) {
            cuda.matrix().gemm(weights, batch, x, y);
            bytes.add(shim.liveBytes());
        }
        assertTrue(bytes.get(0) < bytes.get(1) && bytes.get(1) < bytes.get(3), bytes::toString);
        assertEquals(bytes.get(1), bytes.get(2));
        assertEquals(List.of(bytes.get(3), bytes.get(3)), bytes.subList(4, 6));
        for (int i = 0; i < 100; i++) {
            cuda.matrix().gemm(weights, 1 + i % 40, x, y);
        }
        assertEquals(bytes.getLast(), shim.liveBytes());
    }

    @Test
    void memoryThatCannotGrowEndsOneCall() {
        Matrix weights = matrix(64, 48);
        cuda.memory().load(List.of(weights), List.of(), QUIET);
        float[] expected = product(cuda.matrix(), weights);
        shim.fail("cudaMalloc", 2);
        float[] x = new float[40 * 48];
        float[] y = new float[40 * 64];
        CudaException e = assertThrows(CudaException.class, () -> cuda.matrix().gemm(weights, 40, x, y));
        assertTrue(e.getMessage().startsWith("cudaMalloc: status 2 cudaErrorMemoryAllocation"), e.getMessage());
        shim.libraries().heal();
        assertArrayEquals(expected, product(cuda.matrix(), weights));
        assertEquals(List.of(), notes);
    }

    @Test
    void pinnedMemoryThatCannotGrowEndsOneCall() {
        Matrix weights = matrix(64, 48);
        cuda.memory().load(List.of(weights), List.of(), QUIET);
        float[] expected = product(cuda.matrix(), weights);
        shim.fail("cudaMallocHost", 2);
        float[] x = new float[40 * 48];
        float[] y = new float[40 * 64];
        assertThrows(CudaException.class, () -> cuda.matrix().gemm(weights, 40, x, y));
        assertThrows(CudaException.class, () -> product(cuda.matrix(), weights), "what there was is freed");
        shim.libraries().heal();
        assertArrayEquals(expected, product(cuda.matrix(), weights));
        assertEquals(List.of(), notes);
    }

    @Test
    void anUploadThatFailsLeavesNothingLoaded() {
        Matrix weights = matrix(64, 48);
        shim.fail("cudaMemcpyAsync", 1);
        assertThrows(CudaException.class, () -> cuda.memory().load(List.of(weights), List.of(), QUIET));
        shim.libraries().heal();
        long products = shim.products();
        product(cuda.matrix(), weights);
        assertEquals(products, shim.products());
    }

    @Test
    void afterAnErrorThatEndsTheDeviceTheProcessorComputes() {
        Matrix weights = matrix(6, 4);
        Matrix v = matrix(4, 4);
        cuda.memory().load(List.of(weights), List.of(v), QUIET);
        shim.fail("cudaStreamSynchronize", 700);
        CudaException e = assertThrows(CudaException.class, () -> product(cuda.matrix(), weights));
        assertEquals(700, e.status());
        assertEquals(List.of("cuda:0: out of use after an error; the processor computes from here on"), notes);
        assertArrayEquals(product(processor, weights), product(cuda.matrix(), weights));
        float[][] scales = {{1, 2, 3, 4}};
        float[] y = new float[6];
        cuda.svf().apply(Phase.DECODE, new SvfFactors(weights, v), 1, new float[4], scales, new float[4], y);
        assertEquals(1, notes.size());
        cuda.close();
        CudaShim.fresh(); // what a dead context holds, the driver frees
    }

    @Test
    void aThousandLoadsLeaveNothing() {
        cuda.close();
        Matrix weights = matrix(6, 4);
        Matrix v = matrix(4, 4);
        Cuda.Available available = shim.available();
        for (int i = 0; i < 1000; i++) {
            try (CudaKernels each = CudaKernels.open(available, 0, processor, pool, notes::add)) {
                each.memory().load(List.of(weights), List.of(v), QUIET);
                product(each.matrix(), weights);
            }
        }
        assertEquals(List.of(), notes);
        shim.assertClean();
    }
}
