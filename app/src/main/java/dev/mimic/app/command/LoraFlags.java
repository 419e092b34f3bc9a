package dev.mimic.app.command;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The option that adapts a model by a LoRA adapter. */
final class LoraFlags {
    @Option(
            names = "--lora",
            paramLabel = "DIR",
            description = {
                "Folder of a LoRA adapter as PEFT writes it (adapter_config.json, adapter_model.safetensors).",
                "Not together with --expert or --adapt."
            })
    private Path folder;

    /** The folder, if one is given. */
    Optional<Path> folder() {
        return Optional.ofNullable(folder).map(Path::normalize);
    }

    /**
     * Refuses what does not go together.
     *
     * @throws ParameterException naming both options
     */
    void check(CommandSpec spec, List<String> experts, boolean adapts) {
        if (folder != null && (!experts.isEmpty() || adapts)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--lora adapts the model by itself: not together with " + (adapts ? "--adapt" : "--expert"));
        }
    }
}
