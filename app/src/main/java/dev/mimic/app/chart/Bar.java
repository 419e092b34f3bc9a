package dev.mimic.app.chart;

import dev.mimic.adapt.task.Accuracy;

/**
 * A bar of a picture, perhaps with a whisker.
 *
 * @param value its height; NaN where nothing was measured, then nothing is drawn
 * @param low lower end of the whisker; NaN for none
 * @param high upper end of the whisker; NaN for none
 */
public record Bar(double value, double low, double high) {
    /** Where nothing was measured. */
    public static final Bar NONE = of(Double.NaN);

    /** A bar without a whisker. */
    public static Bar of(double value) {
        return new Bar(value, Double.NaN, Double.NaN);
    }

    /** An accuracy as per cent, its interval as the whisker. */
    public static Bar of(Accuracy accuracy) {
        return new Bar(100 * accuracy.share(), 100 * accuracy.low(), 100 * accuracy.high());
    }

    boolean isMeasured() {
        return !Double.isNaN(value);
    }

    boolean hasInterval() {
        return !Double.isNaN(low) && !Double.isNaN(high);
    }
}
