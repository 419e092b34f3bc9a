package dev.mimic.adapt.svf;

/**
 * An expert as named on a command line: {@code NAME} or {@code NAME@WEIGHT}, split at the last {@code @} that a number
 * follows.
 *
 * @param name a file, {@code base}, or a name that the caller knows
 * @param alpha 1 if none is given
 */
public record WeightedName(String name, double alpha) {
    /**
     * Splits a text.
     *
     * @throws IllegalArgumentException if there is no name, or the weight is not finite
     */
    public static WeightedName parse(String text) {
        int at = text.lastIndexOf('@');
        if (at >= 0) {
            try {
                double alpha = Double.parseDouble(text.substring(at + 1));
                return checked(text, text.substring(0, at), alpha);
            } catch (NumberFormatException e) {
                return checked(text, text, 1); // the @ belongs to the name
            }
        }
        return checked(text, text, 1);
    }

    private static WeightedName checked(String text, String name, double alpha) {
        if (name.isEmpty() || !Double.isFinite(alpha)) {
            throw new IllegalArgumentException("expert: '" + text + "', expected FILE or FILE@WEIGHT");
        }
        return new WeightedName(name, alpha);
    }
}
