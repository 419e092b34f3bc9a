package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.app.demo.Demo;
import dev.mimic.app.demo.DemoFolder;
import dev.mimic.app.demo.DemoSettings;
import dev.mimic.engine.EngineOptions;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "demo",
        description = "Trains, mixes and dispatches experts on the bundled model, in about a minute.",
        footer = {
            "",
            "Trains four experts by reinforcement learning, asks held-out questions before and after, searches mixtures",
            "for variants that no expert was trained on, compares three ways to adapt, and writes pictures, report and",
            "experts to a folder. --json prints one object: skills, dispatch, few_shot, seconds; accuracies are shares",
            "from 0 to 1. More threads or fewer give the same numbers, another seed or device others.",
            "",
            "  mimic demo",
            "  mimic demo --seed 2 --out demo-2 --json"
        })
final class DemoCommand implements Callable<Integer> {
    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceFlags device;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = {
                "Folder for pictures, report and experts; if it holds a file of that name, nothing is done (exit 1).",
                "(default: the first of mimic-demo, mimic-demo-2, ... that is not there yet)"
            })
    private Path out;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of training and search (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Override
    public Integer call() {
        DemoFolder folder = out == null ? DemoFolder.newIn(Path.of("")) : DemoFolder.at(out);
        try (BundledModel bundled = BundledModel.unpack()) {
            EngineOptions options = EngineOptions.DEFAULTS.withThreads(common.threads());
            DemoSettings settings = DemoSettings.FULL.withSeed(seed);
            new Demo(mimic.console(), bundled, device.on(mimic.console(), options), settings).run(folder, json);
        }
        return 0;
    }
}
