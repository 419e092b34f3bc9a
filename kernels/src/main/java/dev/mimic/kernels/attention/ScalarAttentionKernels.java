package dev.mimic.kernels.attention;

import dev.mimic.kernels.WorkerPool;

/** Plain loops: all scores, then their softmax, then the weighted sum. */
final class ScalarAttentionKernels implements AttentionKernels {
    private final WorkerPool pool;

    ScalarAttentionKernels(WorkerPool pool) {
        this.pool = pool;
    }

    @Override
    public void store(AttentionShape shape, int batch, float[] k, float[] v, int row, KeyValues cache, int position) {
        int size = shape.headSize();
        AttentionChecks.store(shape, batch, k, v, row, cache, position);
        for (int i = 0; i < batch; i++) {
            for (int h = 0; h < shape.kvHeads(); h++) {
                cache.store(shape, h, position + i, k, v, ((row + i) * shape.kvHeads() + h) * size);
            }
        }
    }

    @Override
    public void store(AttentionShape shape, int batch, float[] k, float[] v, KeyValues[] caches, int[] positions) {
        AttentionChecks.store(shape, batch, k, v, caches, positions);
        for (int i = 0; i < batch; i++) {
            store(shape, 1, k, v, i, caches[i], positions[i]);
        }
    }

    @Override
    public void store(AttentionShape shape, PrefillBlocks blocks, float[] k, float[] v) {
        blocks.checkStore(shape, k, v);
        for (int b = 0; b < blocks.count(); b++) {
            int row = blocks.begins()[b];
            store(shape, blocks.ends()[b] - row, k, v, row, blocks.caches()[b], blocks.positions()[row]);
        }
    }

    @Override
    public void decode(
            AttentionShape shape, int batch, float[] q, KeyValues[] caches, int[] begin, int[] end, float[] out) {
        AttentionChecks.decode(shape, batch, q, caches, begin, end, out);
        pool.run(batch * shape.heads(), 1, (first, last) -> {
            for (int item = first; item < last; item++) {
                int i = item / shape.heads();
                head(shape, item % shape.heads(), q, item * shape.headSize(), caches[i], begin[i], end[i], out);
            }
        });
    }

    @Override
    public void prefill(
            AttentionShape shape,
            int batch,
            float[] q,
            int row,
            KeyValues cache,
            int position,
            int window,
            float[] out) {
        AttentionChecks.prefill(shape, batch, q, row, cache, position, window, out);
        pool.run(batch * shape.heads(), 1, (first, last) -> {
            for (int item = first; item < last; item++) {
                int end = position + item / shape.heads() + 1;
                int begin = Math.max(0, end - window);
                int offset = row * shape.querySize() + item * shape.headSize();
                head(shape, item % shape.heads(), q, offset, cache, begin, end, out);
            }
        });
    }

    @Override
    public void prefill(AttentionShape shape, int window, PrefillBlocks blocks, float[] q, float[] out) {
        for (int b = 0; b < blocks.count(); b++) {
            int row = blocks.begins()[b];
            int position = blocks.positions()[row];
            prefill(shape, blocks.ends()[b] - row, q, row, blocks.caches()[b], position, window, out);
        }
    }

    private static void head(
            AttentionShape shape, int head, float[] q, int offset, KeyValues cache, int begin, int end, float[] out) {
        int size = shape.headSize();
        int kvHead = head / shape.headsPerKvHead();
        float[] scores = new float[end - begin];
        float max = Float.NEGATIVE_INFINITY;
        for (int p = begin; p < end; p++) {
            float sum = 0;
            for (int j = 0; j < size; j++) {
                sum += q[offset + j] * cache.key(shape, kvHead, p, j);
            }
            scores[p - begin] = sum * shape.scale();
            max = Math.max(max, scores[p - begin]);
        }
        float total = 0;
        for (int p = 0; p < scores.length; p++) {
            scores[p] = (float) Math.exp(scores[p] - max);
            total += scores[p];
        }
        for (int j = 0; j < size; j++) {
            float sum = 0;
            for (int p = begin; p < end; p++) {
                sum += scores[p - begin] * cache.value(shape, kvHead, p, j);
            }
            out[offset + j] = sum / total;
        }
    }
}
