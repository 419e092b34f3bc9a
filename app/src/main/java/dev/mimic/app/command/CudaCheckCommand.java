package dev.mimic.app.command;

import dev.mimic.app.terminal.ProgressBar;
import dev.mimic.app.terminal.Table;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Device;
import dev.mimic.kernels.backend.GpuCheck;
import dev.mimic.kernels.check.CheckResult;
import dev.mimic.kernels.check.CheckResult.Outcome;
import dev.mimic.loader.json.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "cuda-check",
        description = "Tells whether an NVIDIA GPU computes what mimic needs, by checks beside the processor.",
        footer = {
            "",
            "mimic's authors had no GPU: this command, run on yours, is the evidence that --device cuda works there. Exit code 0",
            "means that no check failed. An error is the largest, relative to the size of what was added up; -Dmimic.cuda=DIR",
            "in MIMIC_JAVA_OPTS names the folder with CUDA's libraries. What each check is: docs/gpu.md.",
            "",
            "  mimic cuda-check",
            "  mimic cuda-check --device cuda:1 --size 4096 --json"
        })
final class CudaCheckCommand implements Callable<Integer>, CheckedOptions {
    private static final int COLUMNS = 100;
    private static final String INDENT = " ".repeat(9);

    /** Lines of a table above its rows. */
    private static final int HEADING = 2;

    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    private CommonOptions common;

    @Option(names = "--device", paramLabel = "D", description = "cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private String device = "cuda:0";

    @Option(
            names = "--size",
            paramLabel = "N",
            description = "Sides of the matrices, 8 to 16384 (default: ${DEFAULT-VALUE}).")
    private int size = 1024;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public void check() {
        if (device().kind() != Device.Kind.CUDA) {
            throw new IllegalArgumentException("--device: expected cuda or cuda:N, got " + device);
        }
        if (size < 8 || size > 16384) {
            throw new IllegalArgumentException("--size: expected 8 to 16384, got " + size);
        }
    }

    private Device device() {
        try {
            return Device.parse(device);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--" + e.getMessage(), e);
        }
    }

    @Override
    public Integer call() {
        Map<String, String> description = new LinkedHashMap<>();
        List<CheckResult> results = new ArrayList<>();
        try (WorkerPool pool = WorkerPool.of(common.threads());
                GpuCheck gpu = GpuCheck.open(device(), size, pool)) {
            description.putAll(gpu.description());
            List<String> names = gpu.names();
            mimic.console().progress("cuda-check", names.size(), bar -> {
                for (int i = 0; i < names.size(); i++) {
                    bar.at(i, names.get(i));
                    results.add(gpu.run(i));
                }
                return true;
            });
        }
        CudaCheckModel model = new CudaCheckModel(device(), common.threads());
        mimic.console().progress("cuda-check, bundled model", 2, bar -> results.addAll(models(model, bar)));
        if (json) {
            mimic.console().out().println(Json.writeIndented(report(description, results)));
        } else {
            print(description, results);
        }
        return count(results, Outcome.FAIL) == 0 ? 0 : 1;
    }

    private static List<CheckResult> models(CudaCheckModel model, ProgressBar bar) {
        List<CheckResult> results = new ArrayList<>();
        bar.at(0, "");
        results.add(model.plain());
        bar.at(1, "with an expert");
        results.add(model.adapted());
        return results;
    }

    private void print(Map<String, String> description, List<CheckResult> results) {
        description.forEach((name, text) -> mimic.console().out().printf(Locale.ROOT, "%-14s %s%n", name, text));
        Table table = new Table("", "check", "shape", "error", "tolerance", "ms", "rate");
        for (CheckResult result : results) {
            table.row(
                    result.outcome().text(),
                    result.name(),
                    result.shape(),
                    error(result.error()),
                    error(result.tolerance()),
                    number(result.millis(), 3),
                    Double.isNaN(result.rate()) ? "" : number(result.rate(), 2) + " G" + result.unit());
        }
        mimic.console().out().println();
        List<String> lines = table.render().lines().toList();
        lines.subList(0, HEADING).forEach(mimic.console().out()::println);
        for (int i = 0; i < results.size(); i++) {
            mimic.console().out().println(lines.get(HEADING + i));
            note(results.get(i).note()).forEach(mimic.console().out()::println);
        }
        mimic.console().out().println();
        mimic.console()
                .out()
                .println(count(results, Outcome.OK) + " passed, " + count(results, Outcome.FAIL) + " failed, "
                        + count(results, Outcome.SKIPPED) + " skipped");
    }

    /** A note below its check, in lines that are no longer than a terminal, but for words that are. */
    private static List<String> note(String text) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder(INDENT);
        for (String word : text.isEmpty() ? new String[0] : text.split(" ", -1)) {
            if (line.length() > INDENT.length() && line.length() + 1 + word.length() > COLUMNS) {
                lines.add(line.toString());
                line = new StringBuilder(INDENT);
            }
            line.append(line.length() > INDENT.length() ? " " : "").append(word);
        }
        if (line.length() > INDENT.length()) {
            lines.add(line.toString());
        }
        return lines;
    }

    /** A number of up to five digits before the point, and fewer behind it the more there are; empty of what is none. */
    private static String number(double value, int places) {
        if (Double.isNaN(value)) {
            return "";
        }
        int behind = value < 10 ? places : value < 1000 ? 1 : 0;
        return String.format(Locale.ROOT, "%." + behind + "f", value);
    }

    private static String error(double value) {
        if (Double.isNaN(value)) {
            return "";
        }
        return value == Math.rint(value) && value < 1e6
                ? Long.toString((long) value) // a count
                : String.format(Locale.ROOT, "%.1e", value);
    }

    private static long count(List<CheckResult> results, Outcome outcome) {
        return results.stream().filter(result -> result.outcome() == outcome).count();
    }

    private static Map<String, Object> report(Map<String, String> description, List<CheckResult> results) {
        List<Map<String, Object>> checks = new ArrayList<>();
        for (CheckResult result : results) {
            Map<String, Object> check = new LinkedHashMap<>();
            check.put("outcome", result.outcome().text());
            check.put("name", result.name());
            check.put("shape", result.shape());
            put(check, "error", result.error());
            put(check, "tolerance", result.tolerance());
            put(check, "milliseconds", result.millis());
            put(check, "rate", result.rate());
            check.put("unit", result.unit().isEmpty() ? "" : "G" + result.unit());
            check.put("note", result.note());
            checks.add(check);
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("mimic", MimicCommand.VERSION);
        report.put("found", new LinkedHashMap<>(description));
        report.put("checks", checks);
        report.put("passed", count(results, Outcome.OK));
        report.put("failed", count(results, Outcome.FAIL));
        report.put("skipped", count(results, Outcome.SKIPPED));
        return report;
    }

    private static void put(Map<String, Object> check, String name, double value) {
        if (Double.isFinite(value)) {
            check.put(name, value);
        } else if (!Double.isNaN(value)) {
            check.put(name, String.valueOf(value)); // JSON has no infinity
        }
    }
}
