package dev.mimic.engine.model;

import dev.mimic.kernels.svf.SvfFactors;

/**
 * A weight taken apart, {@code W ≈ U diag(sigma) Vᵀ}.
 *
 * @param weight the weight's whole name
 * @param factors U [out, rank] and V [in, rank]; where they are bytes, each column is to be multiplied by its scale
 * @param sigma [rank], descending
 * @param uScales [rank], the scales of U's columns; empty where U is as it is
 * @param vScales [rank], likewise of V's
 * @param scale [rank], {@code sigma .* uScales .* vScales}: what a row's z multiplies
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Factor(
        String weight, SvfFactors factors, float[] sigma, float[] uScales, float[] vScales, float[] scale) {
    private static final float[] NONE = {};

    /** Factors as they are. */
    public static Factor plain(String weight, SvfFactors factors, float[] sigma) {
        return new Factor(weight, factors, sigma, NONE, NONE, sigma);
    }

    /** Factors with a scale a column. */
    public static Factor scaled(String weight, SvfFactors factors, float[] sigma, float[] uScales, float[] vScales) {
        float[] scale = new float[sigma.length];
        for (int k = 0; k < scale.length; k++) {
            scale[k] = (float) ((double) sigma[k] * uScales[k] * vScales[k]);
        }
        return new Factor(weight, factors, sigma, uScales, vScales, scale);
    }

    /** Whether the rank held is {@code min(out, in)}. */
    public boolean fullRank() {
        return factors.rank() == Math.min(factors.out(), factors.in());
    }
}
