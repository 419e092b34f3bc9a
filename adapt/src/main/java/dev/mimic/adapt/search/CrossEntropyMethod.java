package dev.mimic.adapt.search;

import java.util.Arrays;
import java.util.Comparator;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Search for the vector with the best score by the cross-entropy method (Rubinstein 1999), in the form the Transformer²
 * authors use: a normal distribution a dimension, clamped to a range, moved to its best members generation by generation.
 * Knows no model: {@link #ask} gives a population, the caller scores it, {@link #tell} takes the scores.
 */
public final class CrossEntropyMethod {
    /**
     * How to search.
     *
     * @param dimensions length of a member
     * @param population members of a generation
     * @param eliteShare share of the population that moves the distribution, rounded down, at least 2 members
     * @param low least value of an element
     * @param high largest value of an element
     * @param start first mean of every element
     * @param deviation first standard deviation of every element
     * @param noise added to the deviation after each generation, so that it does not vanish early (Szita and Lörincz 2006)
     * @param ema weight of the old mean and deviation in the new, 0 to below 1
     * @param keepBest whether the best member so far takes the place of each generation's first
     */
    public record Settings(
            int dimensions,
            int population,
            double eliteShare,
            double low,
            double high,
            double start,
            double deviation,
            double noise,
            double ema,
            boolean keepBest) {
        /** Settings that begin with half of the range as the deviation and add no noise, as published. */
        public Settings(
                int dimensions,
                int population,
                double eliteShare,
                double low,
                double high,
                double start,
                double ema,
                boolean keepBest) {
            this(dimensions, population, eliteShare, low, high, start, (high - low) / 2, 0, ema, keepBest);
        }

        public Settings {
            if (dimensions < 1) {
                throw new IllegalArgumentException("search: dimensions is " + dimensions + ", expected at least 1");
            }
            if (population < 2 || !(eliteShare > 0 && eliteShare <= 1)) {
                throw new IllegalArgumentException("search: population " + population + " and elite share " + eliteShare
                        + ", expected at least 2 members and a share above 0, at most 1");
            }
            if (!(low < high) || !(ema >= 0 && ema < 1)) {
                throw new IllegalArgumentException("search: range " + low + " to " + high + " and ema " + ema
                        + ", expected low below high and 0 <= ema < 1");
            }
            if (!(start >= low && start <= high)
                    || !(deviation > 0 && Double.isFinite(deviation))
                    || !(noise >= 0 && Double.isFinite(noise))) {
                throw new IllegalArgumentException("search: start " + start + ", deviation " + deviation + " and noise "
                        + noise + ", expected a start from " + low + " to " + high
                        + ", a deviation above 0 and noise of 0 or more");
            }
        }

        /** Members that move the distribution. */
        public int elites() {
            return Math.min(population, Math.max(2, (int) (eliteShare * population)));
        }
    }

    private final Settings settings;
    private final RandomGenerator random;
    private final double[] mean;
    private final double[] deviation;
    private double[][] members;
    private double[] best;
    private double bestScore = Double.NEGATIVE_INFINITY;
    private double bestTie = Double.NEGATIVE_INFINITY;

    /** Starts a search. */
    public CrossEntropyMethod(Settings settings, RandomGenerator random) {
        this.settings = settings;
        this.random = random;
        this.mean = filled(settings.start());
        this.deviation = filled(settings.deviation());
        this.best = mean.clone();
    }

    private double[] filled(double value) {
        double[] array = new double[settings.dimensions()];
        Arrays.fill(array, value);
        return array;
    }

    /** The next generation, [population][dimensions]; the caller scores it and {@linkplain #tell tells}. */
    public double[][] ask() {
        double[][] noise = new double[settings.population()][settings.dimensions()];
        for (double[] row : noise) {
            Arrays.setAll(row, _ -> random.nextGaussian());
        }
        return ask(noise);
    }

    /** The next generation from given standard normal numbers. */
    double[][] ask(double[][] noise) {
        members = new double[settings.population()][settings.dimensions()];
        for (int i = 0; i < members.length; i++) {
            for (int d = 0; d < mean.length; d++) {
                double value = noise[i][d] * deviation[d] + mean[d];
                members[i][d] = Math.clamp(value, settings.low(), settings.high());
            }
        }
        if (settings.keepBest()) {
            members[0] = best.clone();
        }
        return members;
    }

    /**
     * Takes the scores of the generation last asked for: the best members, by score and then by lower index, move the
     * distribution.
     *
     * @param scores [population]; higher is better; not a number counts as worst
     * @param ties [population], what decides between members of the best score when the best is kept; or null
     */
    public void tell(double[] scores, double[] ties) {
        if (members == null || scores.length != members.length) {
            throw new IllegalStateException(
                    "tell: " + scores.length + " scores, expected those of the generation asked for");
        }
        int[] order = IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -worstIfUnknown(scores[i])))
                .mapToInt(Integer::intValue)
                .toArray();
        keepBest(order, scores, ties);
        int[] elites = Arrays.copyOf(order, settings.elites());
        Arrays.sort(elites);
        move(elites);
        members = null;
    }

    private static double worstIfUnknown(double score) {
        return Double.isNaN(score) ? Double.NEGATIVE_INFINITY : score;
    }

    private void keepBest(int[] order, double[] scores, double[] ties) {
        int first = order[0];
        for (int i : order) {
            if (ties != null && scores[i] == scores[first] && ties[i] > ties[first]) {
                first = i;
            }
        }
        double tie = ties == null ? 0 : ties[first];
        // with keepBest the best so far is a member, so that a generation's best is never worse
        if (settings.keepBest() || scores[first] > bestScore || (scores[first] == bestScore && tie > bestTie)) {
            best = members[first].clone();
            bestScore = scores[first];
            bestTie = tie;
        }
    }

    private void move(int[] elites) {
        for (int d = 0; d < mean.length; d++) {
            double sum = 0;
            for (int i : elites) {
                sum += members[i][d];
            }
            double average = sum / elites.length;
            double squares = 0;
            for (int i : elites) {
                squares += (members[i][d] - average) * (members[i][d] - average);
            }
            double spread = Math.sqrt(squares / (elites.length - 1)); // unbiased, as the authors' code
            mean[d] = average * (1 - settings.ema()) + settings.ema() * mean[d];
            deviation[d] = spread * (1 - settings.ema()) + settings.ema() * deviation[d] + settings.noise();
        }
    }

    /** Members that move the distribution. */
    int elites() {
        return settings.elites();
    }

    /** Mean of the distribution, [dimensions]. */
    public double[] mean() {
        return mean.clone();
    }

    /** Standard deviation of the distribution, [dimensions]. */
    public double[] deviation() {
        return deviation.clone();
    }

    /** The best member so far; the start before the first generation. */
    public double[] best() {
        return best.clone();
    }

    /** The best member's score; negative infinity before the first generation. */
    public double bestScore() {
        return bestScore;
    }
}
