package dev.mimic.adapt.lora;

/**
 * How a LoRA adapter is made. The change of a weight is {@code alpha / rank · B A}.
 *
 * @param rank rows of A; at least 1
 * @param alpha more than 0
 * @param dropout share of the elements of x that the adapter does not see in training
 * @param baseModel what its file is to call the base model; empty if nothing
 */
public record LowRankSettings(int rank, double alpha, double dropout, String baseModel) {
    /** PEFT's. */
    public static final LowRankSettings DEFAULTS = new LowRankSettings(8, 8, 0, "");

    /**
     * Checks every field.
     *
     * @throws IllegalArgumentException naming the field, its range and the value
     */
    public LowRankSettings {
        require(rank >= 1 && rank <= 1 << 16, "rank", rank, "1 to 65536");
        require(alpha > 0 && Double.isFinite(alpha), "alpha", alpha, "more than 0");
        require(dropout >= 0 && dropout < 1, "dropout", dropout, "at least 0 and below 1");
    }

    private static void require(boolean holds, String name, Number value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException("lora: " + name + " is " + value + ", expected " + expected);
        }
    }

    /** What the product is multiplied by. */
    public float scale() {
        return (float) (alpha / rank);
    }
}
