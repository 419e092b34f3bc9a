package dev.mimic.app.chart;

import dev.mimic.adapt.train.TrainingStep;
import java.awt.BasicStroke;
import java.awt.Color;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** A picture of how training went: accuracy of the sampled replies and of the validation split, or the loss. */
public final class LearningCurve {
    private static final int WIDTH = 800;
    private static final int HEIGHT = 450;

    private LearningCurve() {}

    /**
     * A training among others.
     *
     * @param base the base model's share on the validation split; NaN if not measured
     * @param steps at least one, rewarded
     */
    public record Training(String name, double base, List<TrainingStep> steps) {}

    /**
     * Draws several trainings in one picture, whole or not at all: thick lines for validation, thin ones of the same
     * colour for the sampled replies.
     */
    public static void write(Path png, String title, List<Training> trainings) {
        XYChart chart = chart(title);
        chart.setYAxisTitle("share of right answers");
        chart.getStyler().setYAxisMin(0.0);
        chart.getStyler().setYAxisMax(1.0);
        for (int i = 0; i < trainings.size(); i++) {
            Training training = trainings.get(i);
            Color colour = GroupedBars.colour(i + 1);
            String name = training.name();
            line(chart, name + ", sampled", Double.NaN, training.steps(), TrainingStep::accuracy, 1)
                    .ifPresent(series -> {
                        series.setLineColor(new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), 110));
                        series.setMarker(SeriesMarkers.NONE);
                        series.setShowInLegend(false);
                    });
            line(chart, name, training.base(), training.steps(), LearningCurve::valid, 2.5f)
                    .ifPresent(series -> {
                        series.setLineColor(colour);
                        series.setMarkerColor(colour);
                    });
        }
        GroupedBars.write(png, chart);
    }

    private static XYChart chart(String title) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("step")
                .build();
        chart.getStyler().setLegendPosition(LegendPosition.InsideSE);
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        return chart;
    }

    private static double valid(TrainingStep step) {
        return step.valid().map(valid -> valid.share()).orElse(Double.NaN);
    }

    /**
     * Draws a picture, whole or not at all.
     *
     * @param base the base model's share on the validation split; NaN if not measured
     * @param steps at least one
     */
    public static void write(Path png, String title, double base, List<TrainingStep> steps) {
        XYChart chart = chart(title);
        boolean rewarded = steps.stream().anyMatch(step -> !Double.isNaN(step.accuracy()));
        chart.setYAxisTitle(rewarded ? "share of right answers" : "loss");
        if (rewarded) {
            chart.getStyler().setYAxisMin(0.0);
            chart.getStyler().setYAxisMax(1.0);
            line(chart, "sampled replies", Double.NaN, steps, TrainingStep::accuracy, 1.2f);
        } else {
            line(chart, "loss", Double.NaN, steps, TrainingStep::loss, 1.2f);
        }
        if (rewarded) {
            line(chart, "validation, greedy", base, steps, LearningCurve::valid, 2.5f);
        }
        GroupedBars.write(png, chart);
    }

    /** Adds a line; what is NaN is left out. */
    private static Optional<XYSeries> line(
            XYChart chart,
            String name,
            double atZero,
            List<TrainingStep> steps,
            ToDoubleFunction<TrainingStep> value,
            float width) {
        List<Integer> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        if (!Double.isNaN(atZero)) {
            x.add(0);
            y.add(atZero);
        }
        for (TrainingStep step : steps) {
            double at = value.applyAsDouble(step);
            if (!Double.isNaN(at)) {
                x.add(step.step());
                y.add(at);
            }
        }
        if (x.isEmpty()) {
            return Optional.empty();
        }
        XYSeries series = chart.addSeries(name, x, y);
        series.setMarker(x.size() > 40 ? SeriesMarkers.NONE : SeriesMarkers.CIRCLE);
        series.setLineStyle(new BasicStroke(width));
        return Optional.of(series);
    }
}
