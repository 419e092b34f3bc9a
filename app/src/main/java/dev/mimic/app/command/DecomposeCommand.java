package dev.mimic.app.command;

import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.DecompositionListener;
import dev.mimic.adapt.svf.MatrixReport;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.app.terminal.Table;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.quantize.Divergence;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "decompose",
        description = "Takes a model's weights apart into a folder of factors, which experts scale.",
        footer = {
            "",
            "Run again on the same OUT it resumes: a finished matrix is never done again. Each matrix reports the relative",
            "error of its factors as they lie on disk, |W - U S V'| / |W|, and how far U is from orthogonal.",
            "",
            "  mimic decompose DIR DIR-factors --targets all",
            "  mimic decompose DIR DIR-top64 --method gaussian --rank 64 --dtype bf16",
            "  mimic decompose DIR DIR-factors8 --dtype q8 --text README.md"
        })
final class DecomposeCommand implements Callable<Integer>, CheckedOptions {
    /** Types that factors can be stored in. */
    enum Stored {
        F32(DType.F32),
        BF16(DType.BF16),
        Q8(DType.I8);

        private final DType dtype;

        Stored(DType dtype) {
            this.dtype = dtype;
        }
    }

    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "MODEL", description = "Model folder, or `bundled`.")
    private String model;

    @Parameters(index = "1", paramLabel = "OUT", description = "Folder to write; new, empty, or to be resumed.")
    private Path out;

    @Option(
            names = "--targets",
            paramLabel = "T",
            description = {
                "mlp (gate, up, down), attention (q, k, v, o), all, or patterns of weight names, with * for any text and",
                "15-29 for these layers: model.layers.15-29.mlp.*",
                "Default: ${DEFAULT-VALUE}."
            })
    private String targets = "mlp";

    @Option(
            names = "--dtype",
            paramLabel = "T",
            description = "f32, bf16, or q8 with a scale for each column, for U and V (default: ${DEFAULT-VALUE}).")
    private Stored dtype = Stored.F32;

    @Option(names = "--check", description = "Read the factors back from disk and measure them.")
    private boolean check;

    @Option(
            names = "--text",
            paramLabel = "FILE",
            description = {
                "A text: compare the model in its weights and in factors on the first " + Divergence.MOST,
                "tokens, by next-token distributions. With --rank that is what the factors alone hold of the model."
            })
    private Path text;

    @Mixin
    private DecompositionFlags flags;

    @Mixin
    private SvdDeviceFlags device;

    @Override
    public void check() {
        new Targets(targets);
    }

    @Override
    public Integer call() {
        DecomposeOptions options = flags.options(new Targets(targets), dtype.dtype, check);
        List<MatrixReport> reports;
        Divergence divergence = null;
        try (ModelSource source = ModelSource.of(model);
                ModelDirectory directory = ModelDirectory.open(source.folder());
                Decomposer decomposer =
                        Decomposer.open(options, common.threads(), device.device(), mimic.console()::note)) {
            int[] ids = text == null ? null : Divergences.ids(source.folder(), text);
            reports = decompose(mimic, decomposer, directory, out);
            if (ids != null) {
                EngineOptions plain = EngineOptions.DEFAULTS.withThreads(common.threads());
                // the other form leaves the model as it is where nothing is scaled: it would differ in nothing
                EngineOptions factored = plain.withFactors(out).withForm(EngineOptions.Form.FACTORED);
                divergence = Divergences.measure(source.folder(), plain, source.folder(), factored, ids);
            }
        }
        Table table = new Table("weight", "out", "in", "rank", "relative error", "orthogonality", "seconds", "");
        for (MatrixReport report : reports) {
            table.row(
                    report.weight(),
                    report.rows(),
                    report.cols(),
                    report.rank(),
                    String.format(Locale.ROOT, "%.2e", report.relativeError()),
                    String.format(Locale.ROOT, "%.2e", report.orthogonality()),
                    String.format(Locale.ROOT, "%.2f", report.seconds()),
                    report.resumed() ? "done before" : "");
        }
        mimic.console().out().print(table.render());
        MatrixReport worst = reports.stream()
                .max(Comparator.comparingDouble(MatrixReport::relativeError))
                .orElseThrow();
        mimic.console().out().println();
        mimic.console().out().println("worst: " + describe(worst));
        if (divergence != null) {
            mimic.console()
                    .out()
                    .println("model in its factors of " + ranks(reports) + " beside its weights, "
                            + Divergences.describe(divergence));
        }
        return 0;
    }

    private static String ranks(List<MatrixReport> reports) {
        IntSummaryStatistics ranks =
                reports.stream().mapToInt(MatrixReport::rank).summaryStatistics();
        return ranks.getMin() == ranks.getMax()
                ? "rank " + ranks.getMax()
                : "ranks " + ranks.getMin() + " to " + ranks.getMax();
    }

    /** Takes a model apart under a progress bar that goes by the elements of the matrices. */
    static List<MatrixReport> decompose(MimicCommand mimic, Decomposer decomposer, ModelDirectory directory, Path out) {
        return mimic.console()
                .progress(
                        "decompose",
                        1000,
                        bar -> decomposer.decompose(directory, out, new DecompositionListener() {
                            @Override
                            public void started(String weight, int index, int count) {
                                bar.at(1000L * index / count, weight);
                            }

                            @Override
                            public void finished(MatrixReport report, int done, int count) {
                                bar.at(1000L * done / count, report.weight());
                            }
                        }));
    }

    /** A matrix's report in one line. */
    static String describe(MatrixReport report) {
        return String.format(
                Locale.ROOT,
                "%s [%d, %d], rank %d: relative error %.2e, orthogonality %.2e, %.2f s",
                report.weight(),
                report.rows(),
                report.cols(),
                report.rank(),
                report.relativeError(),
                report.orthogonality(),
                report.seconds());
    }
}
