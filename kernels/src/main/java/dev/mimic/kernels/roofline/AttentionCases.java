package dev.mimic.kernels.roofline;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionKernels;
import dev.mimic.kernels.attention.AttentionShape;
import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.attention.KeyValues;
import dev.mimic.kernels.backend.Backend;
import java.util.Arrays;

/** Attention of one decoded token a sequence, over keys and values of Llama-3.2-1B's shape: 32 heads on 8 of 64. */
final class AttentionCases {
    private static final AttentionShape SHAPE = new AttentionShape(32, 8, 64, 0.125f);

    /** The largest magnitude in a working set. */
    private static final double LARGEST = 2;

    private final WorkingSet set;

    AttentionCases(WorkingSet set) {
        this.set = set;
    }

    RooflineCase decode(int positions, int batch) {
        long bytes = 2 * cacheBytes(positions) * batch;
        // a multiply-add for the score and one for the value
        double operations = 4.0 * SHAPE.querySize() * positions * batch;
        return new RooflineCase(
                "attention decode",
                "F32",
                positions + "x8x64",
                batch,
                RooflineCase.Bound.ROOF,
                bytes,
                operations,
                backend -> start(positions, batch, backend));
    }

    private static long cacheBytes(int positions) {
        return KeyValueType.F32.keyBytes(SHAPE.kvHeads(), SHAPE.headSize(), positions);
    }

    private RooflineCase.Running start(int positions, int batch, Backend backend) {
        long bytes = cacheBytes(positions);
        int copies = set.copies(bytes) / (2 * batch);
        KeyValues[][] caches = new KeyValues[Math.max(1, copies)][batch];
        for (int i = 0; i < caches.length; i++) {
            for (int row = 0; row < batch; row++) {
                int place = (i * batch + row) * 2;
                caches[i][row] =
                        new KeyValues(KeyValueType.F32, set.copy(bytes, place), set.copy(bytes, place + 1), positions);
            }
        }
        float[] q = MatrixCases.activations(batch * SHAPE.querySize(), 1);
        float[] out = new float[q.length];
        int[] begin = new int[batch];
        int[] end = new int[batch];
        Arrays.fill(end, positions);
        AttentionKernels kernels = backend.attention();
        return new RooflineCase.Running() {
            @Override
            public void check() {
                run(0);
                int last = batch - 1;
                float[] row = Arrays.copyOfRange(q, last * SHAPE.querySize(), q.length);
                float[] expected = new float[SHAPE.querySize()];
                try (WorkerPool one = WorkerPool.of(1)) {
                    AttentionKernels.scalar(one)
                            .decode(
                                    SHAPE,
                                    1,
                                    row,
                                    new KeyValues[] {caches[0][last]},
                                    new int[1],
                                    new int[] {positions},
                                    expected);
                }
                double[] tolerance = new double[expected.length];
                Arrays.fill(tolerance, tolerance(positions));
                Agreement.check("attention decode", expected, tolerance, out, last * SHAPE.querySize());
            }

            @Override
            public void run(int index) {
                kernels.decode(SHAPE, batch, q, caches[index % caches.length], begin, end, out);
            }
        };
    }

    /**
     * A score is off by at most {@code sum} of its products, which changes each weight by that factor of itself, in
     * numerator and denominator; the weighted sum of values of at most {@link #LARGEST} rounds once a position, exp and
     * the quotient a few times.
     */
    private static double tolerance(int positions) {
        double scores = Agreement.sum(SHAPE.headSize() + 1, SHAPE.scale() * SHAPE.headSize() * 0.5 * LARGEST);
        return 2 * LARGEST * scores + Agreement.sum(2 * positions + 16, LARGEST);
    }
}
