package dev.mimic.kernels.gradient;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.attention.AttentionShape;

/**
 * What the backward pass of attention reads and writes, all of it packed by rows.
 *
 * @param q queries as attention saw them (rotated), [rows, heads, headSize]
 * @param k keys as attention saw them, [rows, kvHeads, headSize]
 * @param v values, [rows, kvHeads, headSize]
 * @param g gradient of what attention gave, [rows, heads, headSize]
 * @param dq gradient of q, [rows, heads, headSize]; overwritten in the sequences' rows; none of the others
 * @param dk gradient of k, [rows, kvHeads, headSize]; overwritten in the sequences' rows; none of the others
 * @param dv gradient of v, [rows, kvHeads, headSize]; overwritten in the sequences' rows; none of the others
 */
public record HeadGradients(float[] q, float[] k, float[] v, float[] g, float[] dq, float[] dk, float[] dv) {
    void check(AttentionShape shape, SequenceRows sequences, int window) {
        Shapes.positive("attention", "window", window);
        long rows = sequences.check();
        long keySize = (long) shape.kvHeads() * shape.headSize();
        Shapes.atLeast("attention", "q", q.length, rows * shape.querySize());
        Shapes.atLeast("attention", "g", g.length, rows * shape.querySize());
        Shapes.atLeast("attention", "dq", dq.length, rows * shape.querySize());
        Shapes.atLeast("attention", "k", k.length, rows * keySize);
        Shapes.atLeast("attention", "v", v.length, rows * keySize);
        Shapes.atLeast("attention", "dk", dk.length, rows * keySize);
        Shapes.atLeast("attention", "dv", dv.length, rows * keySize);
        sequences.checkDistinct((int) rows); // q has so many
    }
}
