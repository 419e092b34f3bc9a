package dev.mimic.kernels.attention;

import dev.mimic.kernels.Shapes;

/** The shape checks of the entries, the same for every implementation. */
final class AttentionChecks {
    private AttentionChecks() {}

    static void store(AttentionShape shape, int batch, float[] k, float[] v, int row, KeyValues cache, int position) {
        long size = (long) shape.kvHeads() * shape.headSize();
        Shapes.positive("store", "batch", batch);
        row("store", row);
        Shapes.atLeast("store", "k", k.length, ((long) row + batch) * size);
        Shapes.atLeast("store", "v", v.length, ((long) row + batch) * size);
        cache.check("store", shape, position, Math.addExact(position, batch));
    }

    static void store(AttentionShape shape, int batch, float[] k, float[] v, KeyValues[] caches, int[] positions) {
        long elements = (long) batch * shape.kvHeads() * shape.headSize();
        Shapes.atLeast("store", "k", k.length, elements);
        Shapes.atLeast("store", "v", v.length, elements);
        Shapes.atLeast("store", "caches", caches.length, batch);
        Shapes.atLeast("store", "positions", positions.length, batch);
        for (int i = 0; i < batch; i++) {
            caches[i].check("store", shape, positions[i], Math.addExact(positions[i], 1));
        }
    }

    static void decode(
            AttentionShape shape, int batch, float[] q, KeyValues[] caches, int[] begin, int[] end, float[] out) {
        Shapes.atLeast("decode", "q", q.length, (long) batch * shape.querySize());
        Shapes.atLeast("decode", "out", out.length, (long) batch * shape.querySize());
        Shapes.atLeast("decode", "caches", caches.length, batch);
        Shapes.atLeast("decode", "begin", begin.length, batch);
        Shapes.atLeast("decode", "end", end.length, batch);
        for (int i = 0; i < batch; i++) {
            caches[i].check("decode", shape, begin[i], end[i]);
        }
    }

    static void prefill(
            AttentionShape shape,
            int batch,
            float[] q,
            int row,
            KeyValues cache,
            int position,
            int window,
            float[] out) {
        Shapes.positive("prefill", "batch", batch);
        row("prefill", row);
        Shapes.positive("prefill", "window", window);
        Shapes.atLeast("prefill", "q", q.length, ((long) row + batch) * shape.querySize());
        Shapes.atLeast("prefill", "out", out.length, ((long) row + batch) * shape.querySize());
        cache.check("prefill", shape, position, Math.addExact(position, batch));
    }

    private static void row(String operation, int row) {
        if (row < 0) {
            throw new IllegalArgumentException(operation + ": row is " + row + ", expected at least 0");
        }
    }
}
