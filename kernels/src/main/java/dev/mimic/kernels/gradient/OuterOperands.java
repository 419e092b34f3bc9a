package dev.mimic.kernels.gradient;

/**
 * What outer products are added up from and into.
 *
 * @param a [rows, rank]
 * @param b [rows, size]
 * @param sums [rank, size] from {@code offset}; accumulated into
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record OuterOperands(int rank, int size, float[] a, float[] b, double[] sums, int offset) {}
