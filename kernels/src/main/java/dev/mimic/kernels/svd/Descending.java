package dev.mimic.kernels.svd;

import java.util.stream.IntStream;

/** The order of singular values. */
final class Descending {
    private Descending() {}

    /** Indices of the values from the largest to the smallest; equal ones keep their order. */
    static int[] order(double[] values) {
        return IntStream.range(0, values.length)
                .boxed()
                .sorted((i, j) -> Double.compare(values[j], values[i]))
                .mapToInt(Integer::intValue)
                .toArray();
    }
}
