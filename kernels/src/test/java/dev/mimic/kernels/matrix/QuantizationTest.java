package dev.mimic.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class QuantizationTest {
    private final WorkerPool pool = WorkerPool.of(2);
    private final Arena arena = Arena.ofShared();

    @AfterEach
    void close() {
        pool.close();
        arena.close();
    }

    private Matrix.F32 floats(int rows, int cols, float... values) {
        MemorySegment data = arena.allocate(Math.max(1, 4L * values.length), 4);
        MemorySegment.copy(values, 0, data, Matrix.FLOAT, 0, values.length);
        return new Matrix.F32(rows, cols, data);
    }

    private static double halfStep(QuantizedFormat format, Matrix w, int row, int col) {
        double largest = 0;
        for (int c = col / 32 * 32; c < Math.min(w.cols(), col / 32 * 32 + 32); c++) {
            largest = Math.max(largest, Math.abs(w.get((long) row * w.cols() + c)));
        }
        // scales are within 2^-9 of what was wanted, which moves the farthest value by as much of the largest number
        return format == QuantizedFormat.Q8
                ? largest / 254 * (1 + Math.scalb(1.0, -8)) + largest * Math.scalb(1.0, -9)
                : largest / 7;
    }

    @ParameterizedTest
    @EnumSource
    void everyWeightIsNearItsOwn(QuantizedFormat format) {
        SeededCases.run(20, 1, random -> {
            int rows = random.nextInt(1, 60);
            int cols = random.nextInt(1, 140);
            Matrix w = Product.weights(arena, random, Product.Format.any(random), rows, cols, 0);
            Quantization.Result result = Quantization.quantize(w, format, arena, pool);
            double squared = 0;
            for (int i = 0; i < rows * cols; i++) {
                double difference = w.get(i) - (double) result.matrix().get(i);
                squared += difference * difference;
                double bound = halfStep(format, w, i / cols, i % cols);
                assertTrue(
                        Math.abs(difference) <= bound,
                        "element " + i + " is off by " + difference + ", expected at most " + bound);
            }
            assertEquals(squared, result.squaredError(), 1e-9 * squared);
        });
    }

    @Test
    void fourBitsAreNoWorseThanTheLargestMagnitudeAtTheEnd() {
        SeededCases.run(20, 2, random -> {
            Matrix w = Product.weights(arena, random, Product.Format.F32, 1, 32, 0);
            float extreme = 0;
            for (int i = 0; i < 32; i++) {
                extreme = Math.abs(w.get(i)) > Math.abs(extreme) ? w.get(i) : extreme;
            }
            double scale = extreme / -8.0;
            double simple = 0;
            for (int i = 0; i < 32; i++) {
                double value = Math.clamp(Math.rint(w.get(i) / scale), -8, 7) * scale;
                simple += (w.get(i) - value) * (w.get(i) - value);
            }
            double found =
                    Quantization.quantize(w, QuantizedFormat.Q4, arena, pool).squaredError();
            assertTrue(found <= simple * 1.01, "squared error " + found + ", the simple scale has " + simple);
        });
    }

    @ParameterizedTest
    @EnumSource
    void whatIsOnTheGridComesBackExactly(QuantizedFormat format) {
        SeededCases.run(20, 3, random -> {
            float[] values = new float[3 * 64];
            int end = format == QuantizedFormat.Q8 ? 127 : 8;
            for (int b = 0; b < values.length; b += 32) {
                float scale = Math.scalb(1f, random.nextInt(-20, 20));
                for (int i = 0; i < 32; i++) {
                    values[b + i] = (random.nextInt(2 * end) - end) * scale;
                }
                values[b + random.nextInt(32)] = -end * scale;
            }
            Quantization.Result result = Quantization.quantize(floats(3, 64, values), format, arena, pool);
            assertEquals(0, result.relativeError());
            for (int i = 0; i < values.length; i++) {
                assertEquals(values[i], result.matrix().get(i) + 0f);
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void theNumberOfThreadsChangesNoByte(QuantizedFormat format) {
        Matrix w = Product.weights(arena, SeededCases.generator(4), Product.Format.BF16, 133, 100, 0);
        Quantization.Result two = Quantization.quantize(w, format, arena, pool);
        try (WorkerPool one = WorkerPool.of(1)) {
            Quantization.Result alone = Quantization.quantize(w, format, arena, one);
            assertEquals(-1, two.matrix().data().mismatch(alone.matrix().data()));
            assertEquals(two.squaredError(), alone.squaredError());
        }
    }

    @ParameterizedTest
    @EnumSource
    void zerosAndTinyAndHugeNumbersStayFinite(QuantizedFormat format) {
        float[] values = new float[96];
        values[32] = Float.MIN_VALUE;
        values[40] = -Float.MIN_NORMAL;
        values[64] = Float.MAX_VALUE;
        values[65] = -Float.MAX_VALUE;
        Matrix quantized = Quantization.quantize(floats(1, 96, values), format, arena, pool)
                .matrix();
        for (int i = 0; i < 96; i++) {
            assertTrue(Float.isFinite(quantized.get(i)), "element " + i + " is " + quantized.get(i));
        }
        assertEquals(0, quantized.get(7));
        assertEquals(Float.MAX_VALUE, quantized.get(64), Float.MAX_VALUE / 7);
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNotFiniteIsRefusedByPlace(QuantizedFormat format) {
        float[] values = new float[40];
        values[34] = Float.NaN;
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> Quantization.quantize(floats(1, 40, values), format, arena, pool))
                .getMessage();
        assertEquals("quantize: element [0, 34] is NaN, expected a finite value", message);
    }

    @ParameterizedTest
    @EnumSource
    void planesThatAreTooShortAreRefused(QuantizedFormat format) {
        MemorySegment values = arena.allocate(format.valueBytes(20, 40));
        MemorySegment scales = arena.allocate(format.scaleBytes(20, 40));
        format.matrix(20, 40, values, scales);
        MemorySegment shortValues = values.asSlice(0, values.byteSize() - 1);
        MemorySegment shortScales = scales.asSlice(0, scales.byteSize() - 1);
        assertThrows(IllegalArgumentException.class, () -> format.matrix(20, 40, shortValues, scales));
        assertThrows(IllegalArgumentException.class, () -> format.matrix(20, 40, values, shortScales));
        assertThrows(IllegalArgumentException.class, () -> format.matrix(-1, 40, values, scales));
    }

    @Test
    void roundingOfActivationsIsTheSameInVectorsAndInLoops() {
        SeededCases.run(50, 5, random -> {
            int cols = random.nextInt(1, 200);
            float[] x = Product.activations(random, 2 * cols + 3);
            if (random.nextInt(4) == 0) {
                x[random.nextInt(x.length)] = random.nextBoolean() ? Float.NaN : Float.MIN_VALUE;
            }
            int blocks = 2 * QuantizedFormat.blocks(cols);
            QuantizedActivations plain = new QuantizedActivations();
            QuantizedActivations vector = new QuantizedActivations();
            plain.reserve(blocks);
            vector.reserve(blocks);
            for (int i = 0; i < 2; i++) {
                plain.roundRow(i, x, 3 + i * cols, cols);
                VectorRounding.row(vector, i, x, 3 + i * cols, cols);
            }
            MatrixKernelsContract.assertSameBits(plain.scales(), vector.scales(), "scales");
            assertArrayEquals(plain.pairs(), vector.pairs(), "values");
            assertArrayEquals(plain.offsets(), vector.offsets(), "offsets");
        });
    }
}
