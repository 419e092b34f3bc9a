package dev.mimic.app.command;

import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.Merge;
import dev.mimic.app.terminal.ProgressBar;
import dev.mimic.engine.model.Factors;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
        name = "merge",
        description = "Writes a plain Hugging Face folder with experts folded into its weights.",
        footer = {
            "",
            "The only place where W' = U diag(sigma z) V' is formed. Without --factors it takes apart what it needs.",
            "",
            "  mimic merge DIR --expert math.safetensors --out DIR-math"
        })
final class MergeCommand implements Callable<Integer>, CheckedOptions {
    /** Types the weights can be written in. */
    enum Target {
        F32,
        F16,
        BF16
    }

    @ParentCommand
    private MimicCommand mimic;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", description = "Model folder, or `bundled`.")
    private String model;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to make; new or empty.")
    private Path out;

    @Option(names = "--dtype", paramLabel = "T", description = "f32, f16 or bf16 (default: the base's).")
    private Target dtype;

    @Mixin
    private ExpertFlags experts;

    @Mixin
    private SvdDeviceFlags device;

    @Override
    public void check() {
        device.refuseWith(experts.factors());
    }

    @Override
    public Integer call() {
        if (experts.experts().isEmpty()) {
            throw new ParameterException(spec.commandLine(), "expected at least one --expert F[@W]");
        }
        try (ModelSource source = ModelSource.of(model);
                ModelDirectory directory = ModelDirectory.open(source.folder())) {
            ExpertMixture mixture = ExpertFiles.mixture(mimic.console(), source, experts.experts(), experts.mix());
            mimic.console().progress("merge", directory.tensorNames().size(), bar -> {
                write(source, directory, mixture, bar);
                return out;
            });
        }
        mimic.console().note(out + ": a plain model folder");
        return 0;
    }

    private void write(ModelSource source, ModelDirectory directory, ExpertMixture mixture, ProgressBar bar) {
        int[] done = {0};
        Merge.Options options = new Merge.Options(
                        Optional.ofNullable(dtype).map(target -> DType.valueOf(target.name())),
                        experts.transfer(),
                        common.threads(),
                        Merge.Options.SHARD_BYTES,
                        note -> ExpertFiles.note(mimic.console(), source, note),
                        tensor -> bar.at(done[0]++, tensor))
                .withDevice(device.device(), mimic.console()::note);
        if (experts.factors() == null) {
            Merge.write(directory, Optional.empty(), mixture, out, options);
        } else {
            try (Factors factors = Factors.open(experts.factors())) {
                Merge.write(directory, Optional.of(factors), mixture, out, options);
            }
        }
    }
}
