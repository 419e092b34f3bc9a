package dev.mimic.engine.sampling;

import java.util.Arrays;
import java.util.SplittableRandom;

/** What temperature, top-k, top-p and min-p leave of a row's logits, and the draw from it. */
final class Candidates {
    /** Weights up to it are those of no chance. */
    private static final double NEVER = 1e-300;

    /** Ranges of weights; the last one has all that is less probable. */
    private static final int RANGES = 2048;

    /** Of the bits of a double, all but the exponent and the six highest ones of the fraction. */
    private static final int RANGE_SHIFT = 46;

    private static final long ONE = Double.doubleToRawLongBits(1);

    private final float temperature;
    private final int topK;
    private final double topP;
    private final double minP;
    private final int vocabularySize;
    private final int[] ids;
    private final double[] weights;
    private final float[] largest;
    private final double[] rangeSums;
    private int count;

    Candidates(int vocabularySize, SamplingOptions options) {
        this.vocabularySize = vocabularySize;
        this.temperature = options.temperature();
        this.topK = options.topK();
        this.topP = options.topP();
        this.minP = options.minP();
        this.ids = new int[vocabularySize];
        this.weights = new double[vocabularySize];
        this.rangeSums = new double[topP < 1 ? RANGES : 0];
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
        float max = logits[offset];
        for (int i = 1; i < vocabularySize; i++) {
            max = Math.max(max, logits[offset + i]);
        }
        // relative to the maximum before the factor: no temperature overflows
        double factor = 1.0 / temperature;
        if (largest.length > 0) {
            return weighAtLeast(kthLargest(logits, offset), logits, offset, max, factor);
        }
        Exponentials.fill(logits, offset, vocabularySize, max, factor, weights);
        count = 0;
        double total = 0;
        for (int i = 0; i < vocabularySize; i++) {
            double weight = weights[i];
            if (weight > NEVER) {
                ids[count] = i;
                weights[count++] = weight;
                total += weight;
            }
        }
        return total;
    }

    /** The same of few tokens, which are found first. */
    private double weighAtLeast(float threshold, float[] logits, int offset, float max, double factor) {
        count = 0;
        double total = 0;
        for (int i = 0; i < vocabularySize; i++) {
            float logit = logits[offset + i];
            if (logit >= threshold) {
                double weight = Exponentials.exp(((double) logit - max) * factor);
                if (weight > NEVER) {
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

    /**
     * Top-p, then min-p. Candidates are counted into narrow ranges of weights first: those of the ranges above the one in
     * which the sum reaches the share of the total are kept, and only of that range's are the most probable ones taken in
     * order.
     */
    private double keepMostProbable(double total) {
        // all tokens below (1 - p) / n sum to less than 1 - p, so that none of them is ever kept
        double floor = (1 - topP) * total / count;
        keepAtLeast(Math.min(Math.max(floor, minP), 1));
        double wanted = topP * total;
        Arrays.fill(rangeSums, 0);
        for (int i = 0; i < count; i++) {
            rangeSums[range(weights[i])] += weights[i];
        }
        double sum = 0;
        int last = 0;
        while (last < RANGES - 1 && sum + rangeSums[last] < wanted) {
            sum += rangeSums[last++];
        }
        int kept = partition(0, 0, last - 1);
        int end = partition(kept, last, last);
        return takeFrom(kept, end, sum, wanted);
    }

    /** Where a weight of at most 1 counts: 64 ranges for each halving, the most probable first. */
    private static int range(double weight) {
        long below = (ONE - Double.doubleToRawLongBits(weight)) >> RANGE_SHIFT;
        return Math.clamp(below, 0, RANGES - 1);
    }

    /** Moves the candidates from {@code from} on whose range is in {@code [first, last]} to the front; returns their end. */
    private int partition(int from, int first, int last) {
        int end = from;
        for (int i = from; i < count; i++) {
            int range = range(weights[i]);
            if (range >= first && range <= last) {
                swap(i, end++);
            }
        }
        return end;
    }

    /** Keeps what stands before {@code begin}, and of {@code [begin, end)} the most probable until the sum is reached. */
    private double takeFrom(int begin, int end, double before, double wanted) {
        int size = end - begin;
        for (int i = size / 2 - 1; i >= 0; i--) {
            siftDown(begin, i, size);
        }
        double sum = before;
        int heap = size;
        while (heap > 0 && (sum < wanted || (begin == 0 && heap == size))) {
            sum += weights[begin];
            swap(begin, begin + --heap);
            siftDown(begin, 0, heap);
        }
        // the taken ones stand at the end
        int taken = size - heap;
        for (int i = 0; i < taken; i++) {
            keep(begin + i, begin + heap + i);
        }
        count = begin + taken;
        return sum;
    }

    private void siftDown(int begin, int from, int size) {
        int at = from;
        for (int child = 2 * at + 1; child < size; child = 2 * at + 1) {
            if (child + 1 < size && before(begin + child + 1, begin + child)) {
                child++;
            }
            if (!before(begin + child, begin + at)) {
                return;
            }
            swap(begin + at, begin + child);
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
