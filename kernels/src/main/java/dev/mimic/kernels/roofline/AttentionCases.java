package dev.mimic.kernels.roofline;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionKernels;
import dev.mimic.kernels.attention.AttentionShape;
import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.attention.KeyValues;
import dev.mimic.kernels.backend.Backend;
import java.util.Arrays;

/** Attention of one decoded token a sequence, over keys and values of Llama-3.2-1B's shape: 8 heads of 64. */
final class AttentionCases {
    private static final int KV_HEADS = 8;

    private static final int HEAD_SIZE = 64;

    /** The largest magnitude in a working set. */
    private static final double LARGEST = 2;

    private final WorkingSet set;

    AttentionCases(WorkingSet set) {
        this.set = set;
    }

    /**
     * A case.
     *
     * @param type F32 or BF16: the working set has numbers of both
     * @param group heads of queries on one of keys
     */
    RooflineCase decode(KeyValueType type, int group, int positions, int batch) {
        AttentionShape shape = new AttentionShape(group * KV_HEADS, KV_HEADS, HEAD_SIZE, 0.125f);
        long bytes = 2 * cacheBytes(type, positions) * batch;
        // a multiply-add for the score and one for the value
        double operations = 4.0 * shape.querySize() * positions * batch;
        return new RooflineCase(
                "attention, gqa " + group,
                type.name(),
                positions + "x8x64",
                batch,
                RooflineCase.Bound.ROOF,
                bytes,
                operations,
                backend -> start(type, shape, positions, batch, backend));
    }

    private static long cacheBytes(KeyValueType type, int positions) {
        return type.keyBytes(KV_HEADS, HEAD_SIZE, positions);
    }

    private RooflineCase.Running start(
            KeyValueType type, AttentionShape shape, int positions, int batch, Backend backend) {
        long bytes = cacheBytes(type, positions);
        int copies = set.copies(bytes) / (2 * batch);
        KeyValues[][] caches = new KeyValues[Math.max(1, copies)][batch];
        for (int i = 0; i < caches.length; i++) {
            for (int row = 0; row < batch; row++) {
                int place = (i * batch + row) * 2;
                caches[i][row] = new KeyValues(type, set.copy(bytes, place), set.copy(bytes, place + 1), positions);
            }
        }
        float[] q = MatrixCases.activations(batch * shape.querySize(), 1);
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
                float[] row = Arrays.copyOfRange(q, last * shape.querySize(), q.length);
                float[] expected = new float[shape.querySize()];
                try (WorkerPool one = WorkerPool.of(1)) {
                    AttentionKernels.scalar(one)
                            .decode(
                                    shape,
                                    1,
                                    row,
                                    new KeyValues[] {caches[0][last]},
                                    new int[1],
                                    new int[] {positions},
                                    expected);
                }
                double[] tolerance = new double[expected.length];
                Arrays.fill(tolerance, tolerance(shape, positions));
                Agreement.check("attention decode " + type, expected, tolerance, out, last * shape.querySize());
            }

            @Override
            public void run(int index) {
                kernels.decode(shape, batch, q, caches[index % caches.length], begin, end, out);
            }
        };
    }

    /**
     * A score is off by at most {@code sum} of its products, which changes each weight by that factor of itself, in
     * numerator and denominator; the weighted sum of values of at most {@link #LARGEST} rounds once a position, exp and
     * the quotient a few times.
     */
    private static double tolerance(AttentionShape shape, int positions) {
        double scores = Agreement.sum(shape.headSize() + 1, shape.scale() * shape.headSize() * 0.5 * LARGEST);
        return 2 * LARGEST * scores + Agreement.sum(2 * positions + 16, LARGEST);
    }
}
