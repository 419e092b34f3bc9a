package dev.mimic.loader.model;

/** How the rotary frequencies {@code theta^(-2i/headSize)} are changed for longer texts. */
public sealed interface RopeScaling {
    /** They are not. */
    record None() implements RopeScaling {}

    /**
     * Llama 3.1: wavelengths longer than {@code originalMaxPositions / lowFreqFactor} are stretched by {@code factor},
     * those shorter than {@code originalMaxPositions / highFreqFactor} are kept, between them it is blended linearly.
     *
     * @param factor at least 1
     * @param lowFreqFactor above 0
     * @param highFreqFactor above {@code lowFreqFactor}
     * @param originalMaxPositions positions that the model was first trained on, at least 1
     */
    record Llama3(double factor, double lowFreqFactor, double highFreqFactor, int originalMaxPositions)
            implements RopeScaling {
        public Llama3 {
            checkFactor(factor);
            Checks.require(
                    lowFreqFactor > 0 && Double.isFinite(lowFreqFactor),
                    "rope_scaling.low_freq_factor",
                    "a number above 0",
                    lowFreqFactor);
            Checks.require(
                    highFreqFactor > lowFreqFactor && Double.isFinite(highFreqFactor),
                    "rope_scaling.high_freq_factor",
                    "a number above low_freq_factor (" + lowFreqFactor + ")",
                    highFreqFactor);
            checkPositions(originalMaxPositions);
        }
    }

    /**
     * Every frequency is divided by the factor.
     *
     * @param factor at least 1
     */
    record Linear(double factor) implements RopeScaling {
        public Linear {
            checkFactor(factor);
        }
    }

    /**
     * NTK-aware: beyond {@code originalMaxPositions} theta grows with the length n of the text,
     * {@code theta · (factor · n / originalMaxPositions - (factor - 1))^(headSize / (headSize - 2))}.
     *
     * @param factor at least 1
     * @param originalMaxPositions at least 1
     */
    record Dynamic(double factor, int originalMaxPositions) implements RopeScaling {
        public Dynamic {
            checkFactor(factor);
            checkPositions(originalMaxPositions);
        }
    }

    private static void checkFactor(double factor) {
        Checks.require(
                factor >= 1 && Double.isFinite(factor), "rope_scaling.factor", "a finite number of at least 1", factor);
    }

    private static void checkPositions(int positions) {
        Checks.require(
                positions >= 1, "rope_scaling.original_max_position_embeddings", "an integer of at least 1", positions);
    }
}
