package dev.mimic.adapt.train;

/** From the rewards of a step to what each reply's likelihood is multiplied by. */
final class Advantages {
    /** Keeps the quotient finite, as customary. */
    private static final double EPSILON = 1e-8;

    private Advantages() {}

    /**
     * Computes them.
     *
     * @param rewards [replies]
     * @param meanBaseline whether the mean reward is taken from each
     * @param normalise whether they are divided by the rewards' standard deviation (unbiased)
     * @return [replies]
     */
    static double[] of(double[] rewards, boolean meanBaseline, boolean normalise) {
        double mean = mean(rewards);
        double squares = 0;
        for (double reward : rewards) {
            squares += (reward - mean) * (reward - mean);
        }
        double deviation = rewards.length < 2 ? 0 : Math.sqrt(squares / (rewards.length - 1));
        double[] advantages = new double[rewards.length];
        for (int i = 0; i < rewards.length; i++) {
            advantages[i] = rewards[i] - (meanBaseline ? mean : 0);
            if (normalise && deviation > 0) {
                advantages[i] /= deviation + EPSILON;
            }
        }
        return advantages;
    }

    static double mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return values.length == 0 ? 0 : sum / values.length;
    }
}
