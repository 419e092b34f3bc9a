package dev.mimic.app.chart;

import dev.mimic.loader.AtomicFile;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Bars in groups, whiskers that need not be symmetric, the value above each. A bar is a polygon and a whisker a line of an
 * xy chart, because the library's own bars know only one length for both halves of a whisker.
 */
final class GroupedBars {
    /** Colours that people with any kind of colour vision tell apart (Okabe and Ito 2008). */
    private static final List<Color> COLOURS = List.of(
            new Color(0x9aa0a6),
            new Color(0x0072b2),
            new Color(0xe69f00),
            new Color(0x009e73),
            new Color(0xcc79a7),
            new Color(0x56b4e9),
            new Color(0xd55e00),
            new Color(0xf0e442));

    private static final Color INK = new Color(0x303030);
    private static final int HEIGHT = 480;
    private static final int MARGINS = 120;
    private static final int BAR = 32;
    private static final int LEAST_WIDTH = 720;
    private static final int LARGEST_WIDTH = 2400;

    /** The share of the axis below the bars that the groups' names stand on. */
    private static final double NAMES = 0.09;

    /** The part of a group's width that bars fill. */
    private static final double FILL = 0.8;

    private final XYChart chart;
    private final List<String> groups;
    private final int firstColour;
    private final double step;
    private final double barWidth;
    private final double range;
    private int drawn;

    /**
     * Prepares a picture.
     *
     * @param axis title of the vertical axis
     * @param groups names, from left to right
     * @param series how many bars a group has
     * @param firstColour where in the palette the first series begins; 0 is grey, for a base
     * @param low lower end of the vertical axis
     * @param high upper end
     */
    GroupedBars(String title, String axis, List<String> groups, int series, int firstColour, double low, double high) {
        int width = Math.clamp((long) (MARGINS + groups.size() * series * BAR / FILL), LEAST_WIDTH, LARGEST_WIDTH);
        this.groups = List.copyOf(groups);
        this.firstColour = firstColour;
        this.step = FILL / series;
        this.barWidth = step * 0.9;
        this.range = high - low;
        chart = new XYChartBuilder()
                .width(width)
                .height(HEIGHT)
                .title(title)
                .yAxisTitle(axis)
                .build();
        XYStyler style = chart.getStyler();
        style.setChartBackgroundColor(Color.WHITE);
        style.setLegendPosition(LegendPosition.OutsideS);
        style.setLegendLayout(LegendLayout.Horizontal);
        style.setLegendBorderColor(Color.WHITE);
        style.setPlotGridVerticalLinesVisible(false);
        style.setAnnotationTextFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
        style.setAnnotationTextFontColor(INK);
        style.setXAxisTicksVisible(false);
        style.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
        style.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        style.setXAxisMin(-0.5);
        style.setXAxisMax(groups.size() - 0.5);
        style.setYAxisMin(low - NAMES * range);
        style.setYAxisMax(high);
        for (int group = 0; group < groups.size(); group++) {
            // the axis of an xy chart cannot be told where its ticks are
            chart.addAnnotation(new AnnotationText(groups.get(group), group, low - NAMES / 2 * range, false));
        }
    }

    /**
     * Adds the bars of the next series.
     *
     * @param bars one for each group
     * @param format of the number above a bar
     */
    void series(String name, List<Bar> bars, String format) {
        if (bars.size() != groups.size()) {
            throw new IllegalArgumentException(
                    "chart: " + name + " has " + bars.size() + " bars, expected " + groups.size());
        }
        Color colour = colour(drawn + firstColour);
        boolean named = false;
        for (int group = 0; group < bars.size(); group++) {
            Bar bar = bars.get(group);
            if (!bar.isMeasured()) {
                continue;
            }
            double left = group - FILL / 2 + drawn * step + (step - barWidth) / 2;
            double middle = left + barWidth / 2;
            bar(named ? name + " " + group : name, left, bar.value(), colour).setShowInLegend(!named);
            named = true;
            whisker(name + " whisker " + group, middle, bar);
            double top = bar.hasInterval() ? bar.high() : Math.max(0, bar.value());
            String number = String.format(Locale.ROOT, format, bar.value());
            chart.addAnnotation(new AnnotationText(number, middle, top + 0.03 * range, false));
        }
        drawn++;
    }

    private XYSeries bar(String name, double left, double value, Color colour) {
        double right = left + barWidth;
        XYSeries series = chart.addSeries(
                name, new double[] {left, left, right, right, left}, new double[] {0, value, value, 0, 0});
        series.setXYSeriesRenderStyle(XYSeriesRenderStyle.PolygonArea);
        series.setMarker(SeriesMarkers.NONE);
        series.setFillColor(colour);
        series.setLineColor(colour);
        series.setLineStyle(new BasicStroke(1));
        return series;
    }

    /** A line from low to high with a short stroke at each end. */
    private void whisker(String name, double middle, Bar bar) {
        if (!bar.hasInterval()) {
            return;
        }
        double half = barWidth / 5;
        double low = bar.low();
        double high = bar.high();
        XYSeries series = chart.addSeries(
                name,
                new double[] {middle - half, middle + half, middle, middle, middle - half, middle + half},
                new double[] {low, low, low, high, high, high});
        series.setMarker(SeriesMarkers.NONE);
        series.setLineColor(INK);
        series.setLineStyle(new BasicStroke(1.4f));
        series.setShowInLegend(false);
    }

    /** A colour of the palette; 0 is grey, for a base. */
    static Color colour(int index) {
        return COLOURS.get(index % COLOURS.size());
    }

    void write(Path png) {
        write(png, chart);
    }

    /** Writes a chart whole or not at all. */
    @SuppressWarnings("deprecation") // the encoder's one way to a stream
    static void write(Path png, Chart<?, ?> chart) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            BitmapEncoder.saveBitmap(chart, bytes, BitmapFormat.PNG);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        AtomicFile.writeBytes(png, bytes.toByteArray());
    }
}
