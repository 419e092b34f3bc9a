package dev.mimic.app.chart;

import java.awt.BasicStroke;
import java.awt.Color;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * A roofline (Williams, Waterman and Patterson 2009): operations per byte against operations a second, both logarithmic.
 * The roofs are what the machine allows, the points what kernels reach.
 */
public final class RooflineChart {
    private static final int WIDTH = 1000;
    private static final int HEIGHT = 620;
    private static final double LEAST_INTENSITY = 0.25;
    private static final double LARGEST_INTENSITY = 1024;

    /**
     * What a number of threads may reach.
     *
     * @param gigabytes a second, read from memory
     * @param gigaflops a second
     */
    public record Roof(int threads, double gigabytes, double gigaflops) {}

    /**
     * A kernel.
     *
     * @param family points of one family have one colour
     * @param intensity operations per byte
     * @param gigaflops a second
     */
    public record Point(String family, int threads, double intensity, double gigaflops) {}

    private RooflineChart() {}

    /** Draws the picture, whole or not at all. */
    public static void write(Path png, String title, List<Roof> roofs, List<Point> points) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("operations per byte read")
                .yAxisTitle("GFLOP/s")
                .build();
        XYStyler style = chart.getStyler();
        style.setXAxisLogarithmic(true);
        style.setYAxisLogarithmic(true);
        style.setXAxisMin(LEAST_INTENSITY);
        style.setXAxisMax(LARGEST_INTENSITY);
        style.setChartBackgroundColor(Color.WHITE);
        style.setLegendPosition(LegendPosition.OutsideE);
        style.setMarkerSize(8);
        for (Roof roof : roofs) {
            roof(chart, roof);
        }
        int fewest = roofs.stream().mapToInt(Roof::threads).min().orElse(1);
        Map<String, Integer> colours = new LinkedHashMap<>();
        points.forEach(point -> colours.putIfAbsent(point.family, colours.size()));
        colours.forEach((family, colour) -> {
            for (Roof roof : roofs) {
                points(chart, family, colour, roof.threads, roof.threads == fewest, points);
            }
        });
        GroupedBars.write(png, chart);
    }

    private static void roof(XYChart chart, Roof roof) {
        double ridge = roof.gigaflops / roof.gigabytes;
        XYSeries series = chart.addSeries(
                "limit, " + threads(roof.threads),
                new double[] {LEAST_INTENSITY, ridge, LARGEST_INTENSITY},
                new double[] {LEAST_INTENSITY * roof.gigabytes, roof.gigaflops, roof.gigaflops});
        series.setMarker(SeriesMarkers.NONE);
        series.setLineColor(new Color(0x303030));
        series.setLineStyle(
                roof.threads == 1
                        ? new BasicStroke(2, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {6, 4}, 0)
                        : new BasicStroke(2));
    }

    /** The points of a family on one number of threads: a circle for the fewest, a diamond else. */
    private static void points(
            XYChart chart, String family, int colour, int threads, boolean fewest, List<Point> points) {
        List<Point> own = points.stream()
                .filter(point -> point.family.equals(family) && point.threads == threads)
                .toList();
        if (own.isEmpty()) {
            return;
        }
        XYSeries series = chart.addSeries(
                family + ", " + threads(threads),
                own.stream().mapToDouble(Point::intensity).toArray(),
                own.stream().mapToDouble(Point::gigaflops).toArray());
        Marker marker = fewest ? SeriesMarkers.CIRCLE : SeriesMarkers.DIAMOND;
        series.setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
        series.setMarker(marker);
        series.setMarkerColor(GroupedBars.colour(colour + 1));
    }

    private static String threads(int threads) {
        return threads == 1 ? "1 thread" : threads + " threads";
    }
}
