package dev.mimic.adapt.gradient;

/**
 * What a training step minimises, as a mean over the sequences of the step: {@code -advantage · log p(completion) +
 * klWeight · KL}. REINFORCE takes the advantage from rewards; next-token training is advantage 1 and no KL.
 *
 * @param klWeight lambda; at 0 the base model is not run and divergences are 0
 * @param klForm how the divergence is measured
 */
public record Objective(double klWeight, KlForm klForm) {
    /** Without a divergence. */
    public static final Objective PLAIN = new Objective(0, KlForm.CODE);

    public Objective {
        if (!(klWeight >= 0) || klWeight == Double.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("objective: KL weight is " + klWeight + ", expected 0 or more");
        }
    }
}
