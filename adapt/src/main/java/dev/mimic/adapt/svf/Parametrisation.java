package dev.mimic.adapt.svf;

import java.util.Locale;
import java.util.Optional;

/** What the vectors of an expert file are. */
public enum Parametrisation {
    /** z itself. */
    PLAIN,
    /** p of the authors' published code: {@code m = sigmoid(p)·max_mult}, {@code z = m·S/Sm}. */
    SAKANA;

    /** The name in files. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The parametrisation of a name; {@code official} and {@code plain multipliers} are accepted too. */
    static Optional<Parametrisation> of(String text) {
        return switch (text) {
            case "plain", "plain multipliers" -> Optional.of(PLAIN);
            case "sakana", "official" -> Optional.of(SAKANA);
            default -> Optional.empty();
        };
    }

    /**
     * Turns a vector into multipliers.
     *
     * @param stored [rank held]
     * @param maxMult the largest m
     * @param sigma [rank held]
     * @return z [rank held]
     * @throws IllegalArgumentException if the quotient has no value
     */
    float[] multipliers(float[] stored, double maxMult, float[] sigma) {
        if (this == PLAIN) {
            return stored.clone();
        }
        double[] m = new double[stored.length];
        for (int i = 0; i < m.length; i++) {
            m[i] = maxMult / (1 + Math.exp(-stored[i]));
        }
        return normalised(m, sigma);
    }

    /**
     * The quotient of the authors' code: {@code z = m·S/Sm}, {@code S = Σ sigma}, {@code Sm = Σ sigma·m}.
     *
     * @throws IllegalArgumentException if Sm is not above 0
     */
    static float[] normalised(double[] m, float[] sigma) {
        double sum = 0;
        double scaled = 0;
        for (int i = 0; i < m.length; i++) {
            sum += sigma[i];
            scaled += sigma[i] * m[i];
        }
        if (sum > 0 && !(scaled > 0)) {
            throw new IllegalArgumentException("the sum of sigma * m is " + scaled + ", expected above 0");
        }
        float[] z = new float[m.length];
        for (int i = 0; i < m.length; i++) {
            z[i] = sum > 0 ? (float) (m[i] * sum / scaled) : 1; // a zero weight stays zero whatever z is
        }
        return z;
    }
}
