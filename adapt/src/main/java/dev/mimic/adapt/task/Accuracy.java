package dev.mimic.adapt.task;

/**
 * The share of right answers with its Wilson score interval of 95 % (Wilson 1927).
 *
 * @param right right answers
 * @param examples answers in all
 */
public record Accuracy(int right, int examples) {
    /** The 97.5 % quantile of the normal distribution. */
    private static final double Z = 1.959963984540054;

    public Accuracy {
        if (examples < 0 || right < 0 || right > examples) {
            throw new IllegalArgumentException("Accuracy: " + right + " right of " + examples);
        }
    }

    /** Right answers as a share from 0 to 1; 0 where there are no examples. */
    public double share() {
        return examples == 0 ? 0 : (double) right / examples;
    }

    /** Lower end of the interval. */
    public double low() {
        return examples == 0 ? 0 : Math.max(0, middle() - half());
    }

    /** Upper end of the interval. */
    public double high() {
        return examples == 0 ? 1 : Math.min(1, middle() + half());
    }

    private double middle() {
        double n = examples;
        return (share() + Z * Z / (2 * n)) / (1 + Z * Z / n);
    }

    private double half() {
        double n = examples;
        return Z * Math.sqrt(share() * (1 - share()) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n);
    }
}
