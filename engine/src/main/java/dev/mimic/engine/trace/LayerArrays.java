package dev.mimic.engine.trace;

/**
 * Where the forward pass leaves what it computes of a layer, instead of in arrays of its own: so that nothing need be
 * copied. Each holds the largest step.
 *
 * @param q rotated queries, [rows, heads, headSize]
 * @param k rotated keys, [rows, kvHeads, headSize]
 * @param v values, [rows, kvHeads, headSize]
 * @param gate gate before it is multiplied, [rows, intermediate]
 * @param up upward projection, [rows, intermediate]
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record LayerArrays(float[] q, float[] k, float[] v, float[] gate, float[] up) {}
