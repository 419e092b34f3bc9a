package dev.mimic.adapt.evaluation;

import java.util.List;

/**
 * The exact test of McNemar (1947) on two methods' answers to the same examples: whether one is right more often than the
 * other. Only examples that one of them alone gets right count; if neither is better, they fall to either side like a
 * fair coin.
 *
 * @param firstOnly examples that the first alone gets right
 * @param secondOnly examples that the second alone gets right
 */
public record McNemar(int firstOnly, int secondOnly) {
    public McNemar {
        if (firstOnly < 0 || secondOnly < 0) {
            throw new IllegalArgumentException(
                    "McNemar: counts are " + firstOnly + " and " + secondOnly + ", expected 0 or more");
        }
    }

    /**
     * Compares answers.
     *
     * @param first answers to examples
     * @param second answers to the same examples in the same order
     * @throws IllegalArgumentException if they answer different examples
     */
    public static McNemar of(List<Answer> first, List<Answer> second) {
        if (first.size() != second.size()) {
            throw new IllegalArgumentException(
                    "McNemar: " + first.size() + " answers against " + second.size() + ", expected as many");
        }
        int onlyFirst = 0;
        int onlySecond = 0;
        for (int i = 0; i < first.size(); i++) {
            Answer one = first.get(i);
            Answer other = second.get(i);
            if (!one.example().prompt().equals(other.example().prompt())) {
                throw new IllegalArgumentException("McNemar: answer " + i + " is to another example");
            }
            onlyFirst += one.right() && !other.right() ? 1 : 0;
            onlySecond += other.right() && !one.right() ? 1 : 0;
        }
        return new McNemar(onlyFirst, onlySecond);
    }

    /** The two-sided p value: {@code min(1, 2 Σ_{k ≤ min} C(n, k) / 2ⁿ)}, n = firstOnly + secondOnly. */
    public double p() {
        int n = firstOnly + secondOnly;
        double logTerm = -n * Math.log(2);
        double sum = 0;
        for (int k = 0; k <= Math.min(firstOnly, secondOnly); k++) {
            sum += Math.exp(logTerm);
            logTerm += Math.log(n - k) - Math.log(k + 1);
        }
        return Math.min(1, 2 * sum);
    }
}
