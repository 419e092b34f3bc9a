package dev.mimic.kernels.attention;

import dev.mimic.kernels.Shapes;

/**
 * The shape of grouped-query attention.
 *
 * @param heads query heads
 * @param kvHeads key and value heads; divides {@code heads}
 * @param headSize elements of a head
 * @param scale factor of the scores, usually {@code 1 / sqrt(headSize)}
 */
public record AttentionShape(int heads, int kvHeads, int headSize, float scale) {
    public AttentionShape {
        Shapes.positive("AttentionShape", "heads", heads);
        Shapes.positive("AttentionShape", "kvHeads", kvHeads);
        Shapes.positive("AttentionShape", "headSize", headSize);
        if ((long) heads * headSize > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "AttentionShape: " + heads + " heads of " + headSize + " are no row of an array");
        }
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException(
                    "AttentionShape: heads " + heads + " is no multiple of kvHeads " + kvHeads);
        }
    }

    /** Query heads that share a key and value head. */
    public int headsPerKvHead() {
        return heads / kvHeads;
    }

    /** Elements of a row of queries. */
    public int querySize() {
        return heads * headSize;
    }
}
