package dev.mimic.engine.sampling;

import java.util.SplittableRandom;

/** What temperature, top-k, top-p and min-p leave of a row's logits, and the draw from it. */
final class Candidates {
    private final float temperature;
    private final int topK;
    private final double topP;
    private final double minP;
    private final int vocabularySize;
    private final int[] ids;
    private final double[] weights;
    private final float[] largest;
    private int count;

    Candidates(int vocabularySize, SamplingOptions options) {
        this.vocabularySize = vocabularySize;
        this.temperature = options.temperature();
        this.topK = options.topK();
        this.topP = options.topP();
        this.minP = options.minP();
        this.ids = new int[vocabularySize];
        this.weights = new double[vocabularySize];
        this.largest = new float[topK < vocabularySize ? topK : 0];
    }

    /**
     * Draws a token.
     *
     * @param logits [offset + vocabularySize], finite; read only
     */
    int draw(float[] logits, int offset, SplittableRandom random) {
        double total = weigh(logits, offset);
        if (topP < 1) {
            total = keepMostProbable(total);
        } else if (minP > 0) {
            total = keepAtLeast(minP);
        }
        // 53 random bits: uniform in [0, 1)
        double left = (random.nextLong() >>> 11) * 0x1.0p-53 * total;
        for (int i = 0; i < count - 1; i++) {
            left -= weights[i];
            if (left < 0) {
                return ids[i];
            }
        }
        return ids[count - 1];
    }

    /** Fills the candidates with the tokens that top-k leaves; weights are probabilities relative to the largest one. */
    private double weigh(float[] logits, int offset) {
        float threshold = largest.length > 0 ? kthLargest(logits, offset) : Float.NEGATIVE_INFINITY;
        float max = logits[offset];
        for (int i = 1; i < vocabularySize; i++) {
            max = Math.max(max, logits[offset + i]);
        }
        count = 0;
        double total = 0;
        for (int i = 0; i < vocabularySize; i++) {
            float logit = logits[offset + i];
            if (logit >= threshold) {
                // relative to the maximum before the division: no temperature overflows
                double weight = Math.exp(((double) logit - max) / temperature);
                if (weight > 0) {
                    ids[count] = i;
                    weights[count++] = weight;
                    total += weight;
                }
            }
        }
        return total;
    }

    /** The K-th largest logit, by a heap of the K largest with the smallest on top. */
    private float kthLargest(float[] logits, int offset) {
        int size = 0;
        for (int i = 0; i < vocabularySize; i++) {
            float logit = logits[offset + i];
            if (size < largest.length) {
                int at = size++;
                for (; at > 0 && largest[(at - 1) / 2] > logit; at = (at - 1) / 2) {
                    largest[at] = largest[(at - 1) / 2];
                }
                largest[at] = logit;
            } else if (logit > largest[0]) {
                replaceSmallest(logit);
            }
        }
        return largest[0];
    }

    private void replaceSmallest(float logit) {
        int at = 0;
        for (int child = 1; child < largest.length; child = 2 * at + 1) {
            if (child + 1 < largest.length && largest[child + 1] < largest[child]) {
                child++;
            }
            if (largest[child] >= logit) {
                break;
            }
            largest[at] = largest[child];
            at = child;
        }
        largest[at] = logit;
    }

    private double keepAtLeast(double threshold) {
        int kept = 0;
        double total = 0;
        for (int i = 0; i < count; i++) {
            if (weights[i] >= threshold) {
                keep(kept++, i);
                total += weights[i];
            }
        }
        count = kept;
        return total;
    }

    /** Top-p, then min-p: takes candidates from a heap, the most probable first, until they sum to the share of the total. */
    private double keepMostProbable(double total) {
        // all tokens below (1 - p) / n sum to less than 1 - p, so that none of them is ever kept: the heap stays small
        double floor = (1 - topP) * total / count;
        keepAtLeast(Math.min(floor, 1));
        for (int i = count / 2 - 1; i >= 0; i--) {
            siftDown(i, count);
        }
        int heap = count;
        double sum = 0;
        while (heap > 0 && (heap == count || (sum < topP * total && weights[0] >= minP))) {
            sum += weights[0];
            swap(0, --heap);
            siftDown(0, heap);
        }
        // the kept ones stand at the end
        int kept = count - heap;
        for (int i = 0; i < kept; i++) {
            keep(i, heap + i);
        }
        count = kept;
        return sum;
    }

    private void siftDown(int from, int size) {
        int at = from;
        for (int child = 2 * at + 1; child < size; child = 2 * at + 1) {
            if (child + 1 < size && before(child + 1, child)) {
                child++;
            }
            if (!before(child, at)) {
                return;
            }
            swap(at, child);
            at = child;
        }
    }

    private boolean before(int a, int b) {
        return weights[a] > weights[b] || (weights[a] == weights[b] && ids[a] < ids[b]);
    }

    private void keep(int to, int from) {
        ids[to] = ids[from];
        weights[to] = weights[from];
    }

    private void swap(int a, int b) {
        int id = ids[a];
        double weight = weights[a];
        keep(a, b);
        ids[b] = id;
        weights[b] = weight;
    }
}
