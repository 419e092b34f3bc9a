package dev.mimic.app.command;

import dev.mimic.app.terminal.Console;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.EngineOptions.WeightFormat;
import dev.mimic.loader.model.ModelConfig;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Whether weights are rounded while the model is loaded. */
final class QuantizeFlags {
    /** Linear layers of a decoder layer. */
    private static final int LINEARS = 7;

    @Option(
            names = "--quantize",
            paramLabel = "F",
            description = {
                "q8 or q4: round the weights to 8 or 4 bits while loading; q4 keeps embeddings and head at 8.",
                "Layers in factors stay as they are. To do it once and for all: mimic quantize."
            })
    private WeightFormat format;

    /** Opens an engine, under a progress bar where weights are rounded. */
    Engine open(Console console, Path folder, EngineOptions options) {
        if (format == null) {
            return Engine.open(folder, options);
        }
        ModelConfig config = ModelConfig.read(folder.resolve("config.json"));
        int[] done = {0};
        int weights = config.layers() * LINEARS + (config.tiedHead() ? 1 : 2);
        return console.progress(
                "quantize",
                weights,
                bar -> Engine.open(
                        folder,
                        options.withQuantize(new EngineOptions.Quantize(format, weight -> bar.at(done[0]++, weight)))));
    }
}
