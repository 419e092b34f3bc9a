package dev.mimic.app.chart;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A picture of accuracies: tasks side by side, in each a bar for every way of answering, whiskers for the intervals. */
public final class AccuracyBars {
    /** Room above 100 for the numbers. */
    private static final double TOP = 108;

    private AccuracyBars() {}

    /**
     * Draws a picture, whole or not at all.
     *
     * @param tasks names of the groups, from left to right; at least one
     * @param series by name of the way of answering, in order: a bar for each task, in per cent; {@link Bar#NONE} where
     *     nothing was measured. The first one is drawn in grey: the base.
     */
    public static void write(Path png, String title, List<String> tasks, Map<String, List<Bar>> series) {
        GroupedBars bars = new GroupedBars(title, "right answers, %", tasks, series.size(), 0, 0, TOP);
        series.forEach((name, values) -> bars.series(name, values, "%.0f"));
        bars.write(png);
    }
}
