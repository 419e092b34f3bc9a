package dev.mimic.app.command;

import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.SakanaImport;
import dev.mimic.engine.model.Factors;
import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.TemporaryFolder;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.model.ModelDirectory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "import-sakana",
        description = "Turns a file of the Transformer² authors' code into an expert file.",
        footer = {
            "",
            "Reads policy_params.pt (learnable_params_module_list.N, layer by layer gate, up, down) and",
            "learnable_params.pt (by weight name); only tensors are read, anything else in the file is refused.",
            "",
            "  mimic import-sakana policy_params.pt --model DIR --factors FACTORS \\",
            "    --out math.safetensors"
        })
final class ImportSakanaCommand implements Callable<Integer>, CheckedOptions {
    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "F.pt", description = "The file to read.")
    private Path file;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "MODEL",
            description = "The model it was trained on: a folder, or `bundled`.")
    private String model;

    @Option(names = "--out", required = true, paramLabel = "F", description = "The expert file to write.")
    private Path out;

    @Option(
            names = "--factors",
            paramLabel = "DIR",
            description = "Folder that `mimic decompose` made of the model (default: it is taken apart for the time).")
    private Path factors;

    @Option(
            names = "--max-mult",
            paramLabel = "M",
            description = "The max_mult that it was trained with (default: ${DEFAULT-VALUE}).")
    private double maxMult = 1;

    @Mixin
    private SvdDeviceFlags device;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public void check() {
        device.refuseWith(factors);
        if (!(maxMult > 0) || Double.isInfinite(maxMult)) {
            throw new IllegalArgumentException("--max-mult: expected a number above 0, got " + maxMult);
        }
    }

    @Override
    public Integer call() {
        AtomicFile.requirePlace(out);
        try (ModelSource source = ModelSource.of(model);
                ModelDirectory directory = ModelDirectory.open(source.folder())) {
            SakanaImport read = SakanaImport.read(file, directory.config().layers());
            if (factors != null) {
                write(read, factors, directory);
            } else if (source.isBundled()) {
                write(read, source.bundledFactors(common.threads(), device.device(), mimic.console()::note), directory);
            } else {
                writeTakenApart(read, directory);
            }
        }
        return 0;
    }

    private void writeTakenApart(SakanaImport read, ModelDirectory directory) {
        read.requireFit(directory);
        try (TemporaryFolder folder = TemporaryFolder.beside(out.toAbsolutePath())) {
            try (Decomposer decomposer = Decomposer.open(
                    DecomposeOptions.defaults(), common.threads(), device.device(), mimic.console()::note)) {
                DecomposeCommand.decompose(mimic, decomposer, directory, folder.path());
            }
            write(read, folder.path(), directory);
        }
    }

    private void write(SakanaImport read, Path folder, ModelDirectory directory) {
        Expert expert;
        try (Factors made = Factors.open(folder)) {
            made.requireBase(directory);
            expert = read.expert(made, maxMult);
            mimic.console().noteReplaced(out);
            expert.write(out);
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("file", file.toString());
        report.put("layout", read.layout().text());
        report.put("matrices", (long) expert.vectors().size());
        report.put("numbers", (long) expert.size());
        report.put("max_mult", maxMult);
        report.put("out", out.toString());
        String line = "%s: z of %d matrices, %d numbers, from tensors %s (%s)"
                .formatted(
                        out,
                        expert.vectors().size(),
                        expert.size(),
                        read.layout() == SakanaImport.Layout.NUMBERED ? "by number" : "by weight name",
                        file.getFileName());
        mimic.console().out().println(json ? Json.write(report) : line);
    }
}
