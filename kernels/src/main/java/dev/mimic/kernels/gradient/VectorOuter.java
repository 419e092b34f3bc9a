package dev.mimic.kernels.gradient;

import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.WorkerPool;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Outer products added up over rows. Threads share the columns of b; a tile of four columns of a and two vectors of b is
 * added up in float over a block of rows, and double takes the sums.
 */
final class VectorOuter {
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final int LANES = SPECIES.length();
    private static final int WIDTH = 2 * LANES;

    /** Columns of a in a tile. */
    private static final int TILE = 4;

    /** Rows that are added up in float. */
    private static final int ROWS = 256;

    /** Multiply-adds worth a thread. */
    private static final int SHARE = 1 << 16;

    private final WorkerPool pool;

    VectorOuter(WorkerPool pool) {
        this.pool = pool;
    }

    void run(int batch, OuterOperands operands) {
        int perColumn = Math.max(1, batch * operands.rank());
        int grain = WIDTH * Math.max(1, SHARE / WIDTH / perColumn);
        pool.run(operands.size(), grain, (begin, end) -> {
            float[] tile = new float[TILE * WIDTH];
            for (int first = 0; first < batch; first += ROWS) {
                block(operands, first, Math.min(batch, first + ROWS), begin, end, tile);
            }
        });
    }

    private static void block(OuterOperands operands, int first, int last, int begin, int end, float[] tile) {
        int c = begin;
        for (; c <= end - WIDTH; c += WIDTH) {
            for (int k = 0; k < operands.rank(); k += TILE) {
                int valid = Math.min(TILE, operands.rank() - k);
                tile(operands, first, last, k, valid, c, tile);
                for (int j = 0; j < valid; j++) {
                    add(tile, j * WIDTH, operands.sums(), operands.offset() + (k + j) * operands.size() + c);
                }
            }
        }
        ScalarGradientKernels.outerRange(operands, first, last, c, end);
    }

    private static void add(float[] tile, int from, double[] sums, int to) {
        for (int i = 0; i < WIDTH; i++) {
            sums[to + i] += tile[from + i];
        }
    }

    /** Columns of a beyond the valid ones repeat the first and are dropped. */
    private static void tile(OuterOperands operands, int first, int last, int k, int valid, int c, float[] tile) {
        int rank = operands.rank();
        int size = operands.size();
        float[] a = operands.a();
        float[] b = operands.b();
        int k1 = valid > 1 ? 1 : 0;
        int k2 = valid > 2 ? 2 : 0;
        int k3 = valid > 3 ? 3 : 0;
        FloatVector s00 = FloatVector.zero(SPECIES);
        FloatVector s01 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s20 = s00;
        FloatVector s21 = s00;
        FloatVector s30 = s00;
        FloatVector s31 = s00;
        for (int i = first; i < last; i++) {
            FloatVector b0 = FloatVector.fromArray(SPECIES, b, i * size + c);
            FloatVector b1 = FloatVector.fromArray(SPECIES, b, i * size + c + LANES);
            int at = i * rank + k;
            FloatVector a0 = FloatVector.broadcast(SPECIES, a[at]);
            FloatVector a1 = FloatVector.broadcast(SPECIES, a[at + k1]);
            FloatVector a2 = FloatVector.broadcast(SPECIES, a[at + k2]);
            FloatVector a3 = FloatVector.broadcast(SPECIES, a[at + k3]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            s20 = a2.fma(b0, s20);
            s21 = a2.fma(b1, s21);
            s30 = a3.fma(b0, s30);
            s31 = a3.fma(b1, s31);
        }
        s00.intoArray(tile, 0);
        s01.intoArray(tile, LANES);
        s10.intoArray(tile, WIDTH);
        s11.intoArray(tile, WIDTH + LANES);
        s20.intoArray(tile, 2 * WIDTH);
        s21.intoArray(tile, 2 * WIDTH + LANES);
        s30.intoArray(tile, 3 * WIDTH);
        s31.intoArray(tile, 3 * WIDTH + LANES);
    }
}
