package dev.mimic.adapt.search;

import java.util.Locale;

/**
 * How a mixture is searched; {@link #DEFAULTS} are the published ones.
 *
 * @param population candidates of a generation
 * @param eliteShare share of them that moves the search
 * @param generations how many
 * @param low least alpha
 * @param high largest alpha; the search begins around 1/experts with half of the range as its deviation
 * @param ema weight of the old mean and deviation in the new, 0 to below 1
 * @param pick what the result is
 * @param seed of the candidates
 */
public record FewShotSettings(
        int population, double eliteShare, int generations, double low, double high, double ema, Pick pick, long seed) {
    /** Published settings: 32 candidates, 20 % elites, 10 generations, 0 to 1, no memory, the best member. */
    public static final FewShotSettings DEFAULTS = new FewShotSettings(32, 0.2, 10, 0, 1, 0, Pick.BEST, 0);

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

    public FewShotSettings {
        if (generations < 1) {
            throw new IllegalArgumentException("search: generations is " + generations + ", expected at least 1");
        }
        // everything else is checked by the search itself
        new CrossEntropyMethod.Settings(1, population, eliteShare, low, high, low, ema, true);
    }

    public FewShotSettings withSeed(long value) {
        return new FewShotSettings(population, eliteShare, generations, low, high, ema, pick, value);
    }

    public FewShotSettings withGenerations(int value) {
        return new FewShotSettings(population, eliteShare, value, low, high, ema, pick, seed);
    }

    public FewShotSettings withRange(double newLow, double newHigh) {
        return new FewShotSettings(population, eliteShare, generations, newLow, newHigh, ema, pick, seed);
    }

    public FewShotSettings withPick(Pick value) {
        return new FewShotSettings(population, eliteShare, generations, low, high, ema, value, seed);
    }
}
