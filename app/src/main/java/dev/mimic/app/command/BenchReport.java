package dev.mimic.app.command;

import dev.mimic.app.chart.RooflineChart;
import dev.mimic.app.terminal.Table;
import dev.mimic.kernels.roofline.Measurement;
import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.json.Json;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The table of {@code bench} as text, Markdown, JSON and picture.
 *
 * @param processor its name
 * @param kernels which were in use
 */
record BenchReport(String processor, String kernels, List<Limits> limits, List<Measurement> measurements) {
    /**
     * What the machine allowed at the start.
     *
     * @param gigabytes a second, read from memory
     * @param gigaflops a second
     * @param forms of the products of one row
     */
    record Limits(int threads, double gigabytes, double gigaflops, String forms) {}

    private static final String[] HEADINGS = {
        "kernel", "dtype", "shape", "batch", "threads", "value", "unit", "limit", "share"
    };

    private static final int UNIT = 6;

    /** The same in fewer letters: a table of 80 columns. */
    private static final String[] SHORT_HEADINGS = {
        "kernel", "type", "shape", "rows", "thr.", "value", "unit", "limit", "share"
    };

    /** One map a measurement, with the keys that scripts read. */
    List<Map<String, Object>> json() {
        return measurements.stream().map(BenchReport::json).toList();
    }

    private static Map<String, Object> json(Measurement m) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("kernel", m.kernel());
        map.put("dtype", m.dtype());
        map.put("shape", m.shape());
        map.put("batch", m.batch());
        map.put("threads", m.threads());
        map.put("value", m.value());
        map.put("unit", m.unit());
        map.put("limit", m.limit());
        map.put("share", m.share());
        return map;
    }

    /** For the terminal. */
    String text() {
        Table table = new Table(SHORT_HEADINGS);
        for (Measurement m : measurements) {
            Object[] cells = cells(m);
            cells[UNIT] = m.unit().replace("tokens", "tok");
            table.row(cells);
        }
        return heading() + "\n" + table.render();
    }

    private String heading() {
        StringBuilder text = new StringBuilder();
        text.append(processor).append(", ").append(kernels).append(", Java ").append(Runtime.version());
        if (DoctorCommand.vectorChecks()) {
            text.append(", with the checks of each vector load");
        }
        for (Limits limit : limits) {
            text.append(String.format(
                    Locale.ROOT,
                    "%n%d thread%s: reads %.1f GB/s from memory, %.0f GFLOP/s of multiply-adds%n  form of gemv: %s",
                    limit.threads,
                    limit.threads == 1 ? "" : "s",
                    limit.gigabytes,
                    limit.gigaflops,
                    limit.forms));
        }
        return text.append('\n').toString();
    }

    private static Object[] cells(Measurement m) {
        return new Object[] {
            m.kernel(),
            m.dtype(),
            m.shape(),
            m.batch(),
            m.threads(),
            digits(m.value()),
            m.unit(),
            digits(m.limit()),
            String.format(Locale.ROOT, "%.2f", m.share())
        };
    }

    /** Three digits that mean something. */
    private static String digits(double value) {
        String format = value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : value >= 1 ? "%.2f" : "%.3f";
        return String.format(Locale.ROOT, format, value);
    }

    private String markdown() {
        StringBuilder text = new StringBuilder();
        heading().lines().forEach(line -> text.append(line).append("  \n"));
        text.append("\n| ").append(String.join(" | ", HEADINGS)).append(" |\n");
        text.append("| --- | --- | --- | ---: | ---: | ---: | --- | ---: | ---: |\n");
        for (Measurement m : measurements) {
            text.append('|');
            for (Object cell : cells(m)) {
                text.append(' ').append(cell).append(" |");
            }
            text.append('\n');
        }
        return text.toString();
    }

    /** Writes bench.md, bench.json and roofline.png over what stood there. */
    void write(Path folder) {
        AtomicFile.writeText(folder.resolve("bench.md"), markdown());
        AtomicFile.writeText(folder.resolve("bench.json"), Json.writeIndented(json()) + "\n");
        RooflineChart.write(
                folder.resolve("roofline.png"),
                "Kernels below the roofs of " + processor,
                limits.stream()
                        .map(l -> new RooflineChart.Roof(l.threads, l.gigabytes, l.gigaflops))
                        .toList(),
                measurements.stream()
                        .filter(m -> m.intensity() > 0 && m.gigaflops() > 0)
                        .map(m -> new RooflineChart.Point(family(m), m.threads(), m.intensity(), m.gigaflops()))
                        .toList());
    }

    /** The kernel without what sets its cases apart. */
    private static String family(Measurement m) {
        return m.kernel().replaceAll("( \\d+)?(, .*)?$", "");
    }
}
