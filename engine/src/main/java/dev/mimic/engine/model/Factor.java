package dev.mimic.engine.model;

import dev.mimic.kernels.svf.SvfFactors;

/**
 * A weight taken apart, {@code W ≈ U diag(sigma) Vᵀ}.
 *
 * @param weight the weight's whole name
 * @param factors U [out, rank] and V [in, rank]
 * @param sigma [rank], descending
 * @param fullRank whether the rank held is {@code min(out, in)}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Factor(String weight, SvfFactors factors, float[] sigma, boolean fullRank) {}
