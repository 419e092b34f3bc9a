package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.GemvGroup;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.svf.SvfFactors;
import dev.mimic.kernels.svf.SvfKernels;
import dev.mimic.kernels.svf.SvfKernelsContract;
import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The contract on the shim, where factors of floats are loaded before they are multiplied with. */
final class CudaSvfKernelsTest extends SvfKernelsContract {
    private CudaShim shim;
    private CudaKernels cuda;

    @Override
    protected List<SvfKernels> implementations(WorkerPool pool) {
        shim = CudaShim.fresh();
        cuda = CudaKernels.open(shim.available(), 0, MatrixKernels.scalar(pool), pool, LoadedKernels::noNote);
        return List.of(new Loaded(cuda));
    }

    @AfterEach
    void closeDevice() {
        cuda.close();
        shim.assertClean();
    }

    /** Every kind of factor: a type, V as it is or transposed, an offset in bytes. */
    @Test
    void factorsOfEveryTypeAreWidened() {
        int out = 11;
        int in = 7;
        int rank = 5;
        int rows = 3;
        RandomGenerator random = SeededCases.generator(6);
        try (Arena arena = Arena.ofShared()) {
            float[] x = DeviceArrays.random(random, rows * in);
            float[][] scales = {
                DeviceArrays.random(random, rank), DeviceArrays.random(random, rank), DeviceArrays.random(random, rank)
            };
            for (int kind = 0; kind < 6; kind++) {
                boolean transposed = kind % 2 == 1;
                Matrix u = matrix(arena, random, kind / 2, out, rank);
                Matrix v = transposed
                        ? matrix(arena, random, kind / 2, rank, in)
                        : matrix(arena, random, kind / 2, in, rank);
                long before = shim.products();
                float[] y = new float[rows * out];
                new Loaded(cuda)
                        .apply(
                                SvfKernels.Phase.DECODE,
                                new SvfFactors(u, v, transposed),
                                rows,
                                x,
                                scales,
                                new float[rows * rank],
                                y);
                assertEquals(before + 3, shim.products(), "two products and one scaling");
                for (int i = 0; i < rows; i++) {
                    for (int r = 0; r < out; r++) {
                        double sum = 0;
                        double size = 0;
                        for (int k = 0; k < rank; k++) {
                            for (int j = 0; j < in; j++) {
                                double term = (double) u.get(r * rank + k)
                                        * scales[i][k]
                                        * v.get(transposed ? k * in + j : j * rank + k)
                                        * x[i * in + j];
                                sum += term;
                                size += Math.abs(term);
                            }
                        }
                        assertEquals(sum, y[i * out + r], (in + rank + 6) * 0x1p-24 * size);
                    }
                }
            }
        }
    }

    private static Matrix matrix(Arena arena, RandomGenerator random, int type, int rows, int cols) {
        int width = type == 0 ? Float.BYTES : Short.BYTES;
        MemorySegment data = arena.allocate((long) width * rows * cols + 1).asSlice(1);
        for (int i = 0; i < rows * cols; i++) {
            float value = (float) random.nextGaussian();
            switch (type) {
                case 0 -> data.set(Matrix.FLOAT, 4L * i, value);
                case 1 -> data.set(Matrix.SHORT, 2L * i, Float.floatToFloat16(value));
                default -> data.set(Matrix.SHORT, 2L * i, (short) (Float.floatToRawIntBits(value) >>> 16));
            }
        }
        return switch (type) {
            case 0 -> new Matrix.F32(rows, cols, data);
            case 1 -> new Matrix.F16(rows, cols, data);
            default -> new Matrix.Bf16(rows, cols, data);
        };
    }

    /** Loads what it is about to multiply with. */
    private static final class Loaded implements SvfKernels {
        private final SvfKernels kernels;
        private final LoadedKernels loaded;

        Loaded(CudaKernels cuda) {
            this.kernels = cuda.svf();
            this.loaded = new LoadedKernels(cuda.weights());
        }

        @Override
        public void apply(
                Phase phase,
                SvfFactors factors,
                int batch,
                float[] x,
                float[][] scales,
                float[] kept,
                float[] scratch,
                float[] y) {
            loaded.factors(factors.u(), factors.v());
            kernels.apply(phase, factors, batch, x, scales, kept, scratch, y);
        }

        @Override
        public void accumulate(
                Phase phase,
                SvfFactors factors,
                int batch,
                float[] x,
                float[][] scales,
                float[] kept,
                float[] scratch,
                float[] y) {
            loaded.factors(factors.u(), factors.v());
            kernels.accumulate(phase, factors, batch, x, scales, kept, scratch, y);
        }

        @Override
        public void addProjection(GemvGroup group, SvfFactors factors, float[] x, float[] projected) {
            kernels.addProjection(group, factors, x, projected);
        }

        @Override
        public void addExpansion(
                GemvGroup group, SvfFactors factors, int batch, float[][] scales, float[] projected, float[] y) {
            kernels.addExpansion(group, factors, batch, scales, projected, y);
        }

        @Override
        public void addCorrections(int batch, int out, float[][] scales, float[] corrections, float[] y) {
            kernels.addCorrections(batch, out, scales, corrections, y);
        }

        @Override
        public void expand(SvfFactors factors, int batch, float[] x, float[] y) {
            loaded.factors(factors.u(), factors.v());
            kernels.expand(factors, batch, x, y);
        }
    }
}
