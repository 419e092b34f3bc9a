package dev.mimic.adapt.gradient;

import java.util.Map;

/**
 * What a training step found.
 *
 * @param loss the objective, a mean over the sequences
 * @param logLikelihoods [sequences]: natural log p(completion | prompt)
 * @param divergences [sequences]: KL summed over the completion; 0 where its weight is 0
 * @param gradient by whole weight name: dloss/dz [rank held], or of a low-rank change dloss/dA [rank, in] and behind it
 *     dloss/dB [out, rank]
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record TrainingResult(
        double loss, double[] logLikelihoods, double[] divergences, Map<String, double[]> gradient) {}
