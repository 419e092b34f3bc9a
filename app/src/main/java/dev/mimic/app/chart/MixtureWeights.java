package dev.mimic.app.chart;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;

/** A picture of few-shot mixtures: tasks side by side, in each a bar for the weight alpha of every expert. */
public final class MixtureWeights {
    private MixtureWeights() {}

    /**
     * Draws a picture, whole or not at all.
     *
     * @param tasks names of the groups, from left to right; at least one
     * @param alpha by expert, in order: its weight for each task; NaN where there is none
     */
    public static void write(Path png, String title, List<String> tasks, Map<String, List<Double>> alpha) {
        double[] all = alpha.values().stream()
                .flatMap(List::stream)
                .filter(weight -> !Double.isNaN(weight))
                .mapToDouble(Double::doubleValue)
                .toArray();
        double low = Math.min(0, DoubleStream.of(all).min().orElse(0));
        double high = Math.max(1, DoubleStream.of(all).max().orElse(0));
        double room = 0.08 * (high - low);
        GroupedBars bars = new GroupedBars(
                title, "weight alpha of the expert", tasks, alpha.size(), 1, low < 0 ? low - room : 0, high + room);
        alpha.forEach((name, weights) ->
                bars.series(name, weights.stream().map(Bar::of).toList(), "%.2f"));
        bars.write(png);
    }
}
