package dev.mimic.app.command;

import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.Decomposition;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "svd",
        description = "Takes one matrix of a safetensors file apart: W = U diag(S) V'.",
        footer = {
            "",
            "The file written holds \"U\" [out, rank], \"S\" [rank] and \"V\" [in, rank] in F32; S descends, and the entry of",
            "largest magnitude in each column of U is positive.",
            "",
            "  mimic svd model.safetensors model.layers.0.mlp.up_proj.weight \\",
            "    --out up.safetensors"
        })
final class SvdCommand implements Callable<Integer> {
    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "FILE", description = "safetensors file.")
    private Path file;

    @Parameters(index = "1", paramLabel = "TENSOR", description = "The matrix's whole name.")
    private String name;

    @Option(names = "--out", required = true, paramLabel = "F", description = "File to write.")
    private Path out;

    @Mixin
    private DecompositionFlags flags;

    @Mixin
    private SvdDeviceFlags device;

    @Override
    public Integer call() {
        AtomicFile.requirePlace(out);
        DecomposeOptions options = flags.options(new Targets(name), DType.F32, false);
        try (SafetensorsFile source = SafetensorsFile.open(file);
                Decomposer decomposer =
                        Decomposer.open(options, common.threads(), device.device(), mimic.console()::note)) {
            TensorView tensor = source.tensor(name)
                    .orElseThrow(() -> new InvalidModelException(
                            file, "tensor '" + name + "': not there; `mimic inspect " + file + "` lists what is"));
            Decomposition decomposition = decomposer.decompose(String.valueOf(file.getFileName()), tensor);
            SafetensorsWriter.write(
                    out,
                    decomposition.tensors(""),
                    Map.of(
                            "tensor",
                            name,
                            "error",
                            Double.toString(decomposition.report().relativeError())));
            mimic.console().note(DecomposeCommand.describe(decomposition.report()));
        }
        return 0;
    }
}
