package dev.mimic.app.command;

import dev.mimic.loader.gguf.GgufImport;
import dev.mimic.loader.safetensors.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "import",
        description = "Turns a GGUF file into a Hugging Face folder.",
        footer = {
            "",
            "Reads F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 and Q2_K to Q6_K; weights become F32, which holds the",
            "dequantized values exactly, or with --dtype bf16 half as many bytes. The folder appears whole or not at all.",
            "",
            "  mimic import SmolLM2-135M-Instruct.Q4_1.gguf smollm2"
        })
final class ImportCommand implements Callable<Integer> {
    /** Types the weights can be written in. */
    enum Target {
        F32,
        F16,
        BF16
    }

    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    @SuppressWarnings("UnusedVariable") // brings --threads, --debug and --help
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "FILE.gguf", description = "The file to read.")
    private Path file;

    @Parameters(index = "1", paramLabel = "DIR", description = "The folder to make; new or empty.")
    private Path folder;

    @Option(names = "--dtype", paramLabel = "T", description = "f32, f16 or bf16 (default: ${DEFAULT-VALUE}).")
    private Target dtype = Target.F32;

    @Override
    public Integer call() throws java.io.IOException {
        long total = Files.size(file);
        GgufImport.Result result = mimic.console()
                .progress(
                        "import",
                        1000,
                        bar -> GgufImport.run(
                                file,
                                folder,
                                DType.valueOf(dtype.name()),
                                (tensor, done, all) -> bar.at(all == 0 ? 0 : 1000 * done / all, tensor)));
        mimic.console()
                .note(String.format(
                        Locale.ROOT,
                        "%s: %d tensors, %s (from %s)",
                        folder,
                        result.tensors(),
                        InspectCommand.bytes(result.bytes()),
                        InspectCommand.bytes(total)));
        return 0;
    }
}
