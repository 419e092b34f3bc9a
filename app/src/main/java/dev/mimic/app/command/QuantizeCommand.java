package dev.mimic.app.command;

import dev.mimic.app.terminal.Table;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.EngineOptions.WeightFormat;
import dev.mimic.engine.quantize.Divergence;
import dev.mimic.engine.quantize.ModelQuantizer;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.model.ModelDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "quantize",
        description = "Writes a model folder with weights rounded to 8 or 4 bits.",
        footer = {
            "",
            "OUT is a MODEL for run, chat, eval, score and logits; it cannot be taken apart, merged or trained. Each"
                    + " matrix",
            "reports its relative error, |W - W'| / |W|. --check compares the next-token distributions on a text.",
            "",
            "  mimic quantize DIR DIR-q8",
            "  mimic quantize DIR DIR-q4 --format q4 --check README.md"
        })
final class QuantizeCommand implements Callable<Integer>, CheckedOptions {
    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceFlags device;

    @Parameters(index = "0", paramLabel = "MODEL", description = "Model folder, or `bundled`.")
    private String model;

    @Parameters(index = "1", paramLabel = "OUT", description = "Folder to make; new or empty.")
    private Path out;

    @Option(
            names = "--format",
            paramLabel = "F",
            description = "q8, the default, or q4, with embeddings and head in q8.")
    private WeightFormat format = WeightFormat.Q8;

    @Option(
            names = "--check",
            paramLabel = "FILE",
            description = "A text: compare the models on its first " + Divergence.MOST + " tokens.")
    private Path check;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public void check() {
        if (device.given() && check == null) {
            throw new IllegalArgumentException(
                    "--device goes with --check: there the model as it was runs on it; rounding is the processor's");
        }
    }

    @Override
    public Integer call() {
        try (ModelSource source = ModelSource.of(model)) {
            int[] ids = check == null ? null : Divergences.ids(source.folder(), check);
            List<ModelQuantizer.Report> reports = quantize(source);
            Divergence divergence = ids == null ? null : compare(source, ids);
            if (json) {
                mimic.console().out().println(Json.write(report(reports, divergence)));
            } else {
                print(reports, divergence);
            }
        }
        return 0;
    }

    private List<ModelQuantizer.Report> quantize(ModelSource source) {
        try (ModelDirectory directory = ModelDirectory.open(source.folder())) {
            int[] done = {0};
            int tensors = directory.tensorNames().size();
            return mimic.console()
                    .progress(
                            "quantize",
                            tensors,
                            bar -> ModelQuantizer.write(
                                    directory, out, format, common.threads(), tensor -> bar.at(done[0]++, tensor)));
        }
    }

    private Divergence compare(ModelSource source, int[] ids) {
        EngineOptions options = EngineOptions.DEFAULTS.withThreads(common.threads());
        return Divergences.measure(source.folder(), device.on(mimic.console(), options), out, options, ids);
    }

    private static ModelQuantizer.Report worst(List<ModelQuantizer.Report> reports) {
        return reports.stream()
                .max(Comparator.comparingDouble(ModelQuantizer.Report::relativeError))
                .orElseThrow();
    }

    private void print(List<ModelQuantizer.Report> reports, Divergence divergence) {
        Table table = new Table("weight", "rows", "cols", "format", "relative error", "bytes a weight");
        for (ModelQuantizer.Report report : reports) {
            table.row(
                    report.weight(),
                    report.rows(),
                    report.cols(),
                    report.format(),
                    String.format(Locale.ROOT, "%.2e", report.relativeError()),
                    String.format(Locale.ROOT, "%.3f", (double) report.bytes() / report.rows() / report.cols()));
        }
        mimic.console().out().print(table.render());
        mimic.console().out().println();
        ModelQuantizer.Report worst = worst(reports);
        mimic.console()
                .out()
                .println(String.format(
                        Locale.ROOT, "worst: %s, relative error %.2e", worst.weight(), worst.relativeError()));
        if (divergence != null) {
            mimic.console().out().println(Divergences.describe(divergence));
        }
    }

    private Map<String, Object> report(List<ModelQuantizer.Report> reports, Divergence divergence) {
        List<Map<String, Object>> matrices = new ArrayList<>();
        for (ModelQuantizer.Report report : reports) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("weight", report.weight());
            entry.put("shape", List.of(report.rows(), report.cols()));
            entry.put("format", report.format());
            entry.put("relative_error", report.relativeError());
            entry.put("bytes", report.bytes());
            matrices.add(entry);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("format", format.name().toLowerCase(Locale.ROOT));
        all.put("matrices", matrices);
        ModelQuantizer.Report worst = worst(reports);
        all.put("worst", Map.of("weight", worst.weight(), "relative_error", worst.relativeError()));
        if (divergence != null) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("tokens", divergence.tokens());
            entry.put("kl", divergence.kl());
            entry.put("worst_kl", divergence.worst());
            entry.put("agreement", divergence.agreement());
            entry.put("perplexity", divergence.changedPerplexity());
            entry.put("base_perplexity", divergence.perplexity());
            all.put("check", entry);
        }
        return all;
    }
}
