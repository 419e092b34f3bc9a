package dev.mimic.engine.model;

import dev.mimic.kernels.lowrank.LowRankPair;
import dev.mimic.kernels.matrix.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * From the numbers of a low-rank adapter to what the kernels read: native memory, as that of all weights, B transposed.
 * The memory is freed with the last that holds the pair.
 */
final class LowRankReader {
    private LowRankReader() {}

    /**
     * Checks and copies.
     *
     * @throws IllegalArgumentException if A or B do not fit the layer, or are not finite
     */
    static LowRankPair pair(Linear linear, LowRankFactors factors) {
        int rank = factors.rank();
        checkShape(linear.name(), "A", rank, factors.in(), rank, linear.in());
        checkShape(linear.name(), "B", factors.out(), rank, linear.out(), rank);
        checkFinite(linear.name(), "A", factors.a());
        checkFinite(linear.name(), "B", factors.b());
        MemorySegment a = allocate(factors.a().length);
        MemorySegment b = allocate(factors.b().length);
        MemorySegment.copy(factors.a(), 0, a, Matrix.FLOAT, 0, factors.a().length);
        for (int i = 0; i < factors.out(); i++) {
            for (int k = 0; k < rank; k++) {
                b.set(Matrix.FLOAT, ((long) k * factors.out() + i) * Float.BYTES, factors.b()[i * rank + k]);
            }
        }
        return new LowRankPair(
                new Matrix.F32(rank, factors.in(), a.asReadOnly()),
                new Matrix.F32(rank, factors.out(), b.asReadOnly()),
                factors.scale());
    }

    private static MemorySegment allocate(int length) {
        return Arena.ofAuto().allocate((long) length * Float.BYTES, 64);
    }

    private static void checkShape(String name, String part, int rows, int cols, int rowsWanted, int colsWanted) {
        if (rows != rowsWanted || cols != colsWanted) {
            throw new IllegalArgumentException("adapter: " + part + " of '" + name + "' is [" + rows + ", " + cols
                    + "], expected [" + rowsWanted + ", " + colsWanted + "]");
        }
    }

    private static void checkFinite(String name, String part, float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException("adapter: " + part + " of '" + name + "' is " + values[i] + " at "
                        + i + ", expected finite numbers");
            }
        }
    }
}
