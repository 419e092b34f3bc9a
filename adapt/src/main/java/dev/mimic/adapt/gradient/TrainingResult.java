package dev.mimic.adapt.gradient;

import java.util.Map;

/**
 * What a training step found.
 *
 * @param loss the objective, a mean over the sequences
 * @param logLikelihoods [sequences]: natural log p(completion | prompt)
 * @param divergences [sequences]: KL summed over the completion; 0 where its weight is 0
 * @param gradient dloss/dz by whole weight name, each [rank held]
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record TrainingResult(
        double loss, double[] logLikelihoods, double[] divergences, Map<String, double[]> gradient) {}
