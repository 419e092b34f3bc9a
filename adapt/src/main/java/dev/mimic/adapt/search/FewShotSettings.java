package dev.mimic.adapt.search;

import java.util.Locale;

/**
 * How a mixture is searched; {@link #DEFAULTS} are the published ones.
 *
 * @param population candidates of a generation
 * @param eliteShare share of them that moves the search
 * @param generations how many
 * @param low least alpha
 * @param high largest alpha
 * @param start first mean of every alpha; NaN for 1/experts
 * @param deviation first deviation of every alpha; NaN for half of the range
 * @param noise added to the deviation after each generation
 * @param ema weight of the old mean and deviation in the new, 0 to below 1
 * @param pick what the result is
 * @param seed of the candidates
 */
public record FewShotSettings(
        int population,
        double eliteShare,
        int generations,
        double low,
        double high,
        double start,
        double deviation,
        double noise,
        double ema,
        Pick pick,
        long seed) {
    /** Published settings: 32 candidates, 20 % elites, 10 generations, 0 to 1, no memory, the best member. */
    public static final FewShotSettings DEFAULTS = new FewShotSettings(32, 0.2, 10, 0, 1, 0, Pick.BEST, 1);

    /** Those of the bundled model's report (docs/bundled-model.md, "Few-shot mixing"). */
    public static final FewShotSettings BUNDLED =
            new FewShotSettings(32, 0.2, 10, 0, 1.5, 0.25, 0.3, 0.02, 0, Pick.MEAN, 1);

    /** What a search gives. */
    public enum Pick {
        /** The best member of all generations. */
        BEST,
        /** The mean of the last elites. */
        MEAN;

        /** The name on the command line. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Settings that begin as published: around 1/experts with half of the range as the deviation. */
    public FewShotSettings(
            int population,
            double eliteShare,
            int generations,
            double low,
            double high,
            double ema,
            Pick pick,
            long seed) {
        this(population, eliteShare, generations, low, high, Double.NaN, Double.NaN, 0, ema, pick, seed);
    }

    public FewShotSettings {
        if (generations < 1) {
            throw new IllegalArgumentException("search: generations is " + generations + ", expected at least 1");
        }
        // everything else is checked by the search itself
        double first = Double.isNaN(start) ? low : start;
        double spread = Double.isNaN(deviation) ? (high - low) / 2 : deviation;
        new CrossEntropyMethod.Settings(1, population, eliteShare, low, high, first, spread, noise, ema, true);
    }

    /**
     * The settings of the search itself.
     *
     * @param experts that get a weight
     * @param groups of weights
     */
    CrossEntropyMethod.Settings forSearch(int experts, int groups) {
        return new CrossEntropyMethod.Settings(
                experts * groups,
                population,
                eliteShare,
                low,
                high,
                Double.isNaN(start) ? Math.clamp(1.0 / experts, low, high) : start,
                Double.isNaN(deviation) ? (high - low) / 2 : deviation,
                noise,
                ema,
                pick == Pick.BEST);
    }

    public FewShotSettings withSeed(long value) {
        return new FewShotSettings(
                population, eliteShare, generations, low, high, start, deviation, noise, ema, pick, value);
    }

    public FewShotSettings withPopulation(int value) {
        return new FewShotSettings(value, eliteShare, generations, low, high, start, deviation, noise, ema, pick, seed);
    }

    public FewShotSettings withGenerations(int value) {
        return new FewShotSettings(population, eliteShare, value, low, high, start, deviation, noise, ema, pick, seed);
    }

    public FewShotSettings withRange(double newLow, double newHigh) {
        return new FewShotSettings(
                population, eliteShare, generations, newLow, newHigh, start, deviation, noise, ema, pick, seed);
    }

    public FewShotSettings withPick(Pick value) {
        return new FewShotSettings(
                population, eliteShare, generations, low, high, start, deviation, noise, ema, value, seed);
    }
}
