package dev.mimic.app.command;

import dev.mimic.kernels.roofline.Measurement;
import dev.mimic.kernels.roofline.Roofline;
import dev.mimic.kernels.roofline.RooflineCase;
import dev.mimic.kernels.roofline.RooflineCases;
import dev.mimic.kernels.roofline.RooflineEffort;
import dev.mimic.kernels.roofline.WorkingSet;
import dev.mimic.loader.NewFolder;
import dev.mimic.loader.json.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "bench",
        description =
                "Measures each kernel, and whole models, against what this machine allows, in under three minutes.",
        footer = {
            "",
            "The limits are reading from memory and multiply-adds in registers (for row operations, reading as many"
                    + " bytes",
            "from the cache; for hand-off, two threads and one variable). They are measured in turn with each kernel,"
                    + " in",
            "the same process; value, limit and share are those of the round with the median share. Every kernel is"
                    + " first",
            "compared with plain Java loops. Matrices lie in 768 MB that are gone through copy by copy, so that each"
                    + " call",
            "reads from memory, as in a model. Models have random weights, in a folder that is deleted in the end.",
            "",
            "  mimic bench",
            "  mimic bench --quick",
            "  mimic bench --only 'gemv (F32|BF16) 4096x4096 .*' --json",
            "  mimic bench --out bench-of-this-machine"
        })
final class BenchCommand implements Callable<Integer>, CheckedOptions {
    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    private CommonOptions common;

    @Option(
            names = "--json",
            description = "Print a JSON list of {kernel, dtype, shape, batch, threads, value, unit, limit, share}.")
    private boolean json;

    @Option(names = "--out", paramLabel = "DIR", description = "Folder for bench.md, bench.json and roofline.png.")
    private Path out;

    @Option(
            names = "--only",
            paramLabel = "REGEX",
            description = "Only what this matches as a whole, as in `gemm BF16 4096x4096 batch 512 threads 2`; the end"
                    + " may be left out.")
    private String only = "";

    @Option(names = "--quick", description = "A few of each kind, in a minute.")
    private boolean quick;

    @Option(names = "--full", description = "The 1.2 B model in every type, some minutes more.")
    private boolean full;

    @Override
    public void check() {
        try {
            Pattern.compile(only);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("--only: " + e.getDescription() + ", got " + only, e);
        }
    }

    @Override
    public Integer call() {
        try (NewFolder _ = out == null ? null : NewFolder.at(out)) {
            BenchReport report = measure();
            if (report.measurements().isEmpty()) {
                throw new IllegalArgumentException("--only: nothing matches " + only);
            }
            if (out != null) {
                report.write(out);
                mimic.console().note("table and picture are in " + out);
            }
            mimic.console().out().print(json ? Json.write(report.json()) + "\n" : report.text());
            return 0;
        }
    }

    private BenchReport measure() {
        RooflineEffort effort = quick ? RooflineEffort.QUICK : RooflineEffort.FULL;
        List<Measurement> measurements = new ArrayList<>();
        List<BenchReport.Limits> limits = new ArrayList<>();
        List<Roofline> rooflines = new ArrayList<>();
        try (WorkingSet set = WorkingSet.of(WorkingSet.LARGE)) {
            List<RooflineCase> cases = quick ? RooflineCases.quick(set) : RooflineCases.full(set);
            List<BenchModels.Case> models = BenchModels.cases(quick, full);
            int[] threads = common.threads() == 1 ? new int[] {1} : new int[] {1, common.threads()};
            mimic.console().progress("bench", cases.size() + 10L * models.size(), bar -> {
                for (int count : threads) {
                    rooflines.add(new Roofline(count, set, effort));
                }
                for (int i = 0; i < cases.size(); i++) {
                    for (Roofline roofline : rooflines) {
                        int count = roofline.threads();
                        if (cases.get(i).suits(count) && wanted(cases.get(i).name(), count)) {
                            bar.at(i, cases.get(i).name());
                            measurements.add(roofline.measure(cases.get(i)));
                        }
                    }
                }
                BenchModels runner = new BenchModels(rooflines, this::wanted, mimic.console()::note);
                for (int i = 0; i < models.size(); i++) {
                    String name = models.get(i).name();
                    int done = cases.size() + 10 * i;
                    measurements.addAll(runner.measure(models.get(i), () -> bar.at(done, name)));
                }
                return measurements;
            });
            String kernels = rooflines.getFirst().kernels();
            for (Roofline roofline : rooflines) {
                limits.add(new BenchReport.Limits(
                        roofline.threads(),
                        roofline.limits().medianRead() / 1e9,
                        roofline.limits().medianOperations() / 1e9,
                        roofline.forms()));
            }
            return new BenchReport(DoctorCommand.processor(), kernels, limits, measurements);
        } finally {
            rooflines.forEach(Roofline::close);
        }
    }

    private boolean wanted(String name, int threads) {
        return Pattern.compile("(" + only + ").*")
                .matcher(name + " threads " + threads)
                .matches();
    }
}
