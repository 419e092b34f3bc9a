package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.lora.PeftFolder;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.adapt.train.TrainingData;
import dev.mimic.adapt.train.TrainingFiles;
import dev.mimic.adapt.train.TrainingOptions;
import dev.mimic.adapt.train.TrainingOutcome;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.json.Json;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
        name = "train",
        description = "Trains an expert, or a LoRA adapter, by the rewards of the model's own replies.",
        footer = {
            "",
            "Writes E, E.jsonl (a line per step), E.png (the learning curve) and E.seen (hashes of the prompts seen).",
            "Broken off at any moment, the same command goes on from its checkpoint and ends with the same expert.",
            "With --method lora E is a folder as PEFT writes it, for --lora E.",
            "",
            "  mimic train bundled --task bundled-math --out math.safetensors",
            "  mimic train bundled --task bundled-math --method lora --rank 4 --alpha 4 \\",
            "    --lr 5e-3 --out math-lora",
            "  mimic train DIR --task gsm8k --data train.jsonl --valid valid.jsonl \\",
            "    --out math.safetensors"
        })
final class TrainCommand implements Callable<Integer> {
    /** Rows that are decoded together. */
    private static final int ROWS = 64;

    @ParentCommand
    private MimicCommand mimic;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceFlags device;

    @Parameters(index = "0", paramLabel = "MODEL", description = "Model folder, or `bundled`.")
    private String model;

    @Mixin
    private TaskFlags taskFlags;

    @Option(
            names = "--data",
            paramLabel = "F",
            description = "Examples to train on (for a bundled task default: the jar's own).")
    private Path data;

    @Option(
            names = "--valid",
            paramLabel = "F",
            description = {
                "Examples to choose the step by; none may be in --data (for a bundled task default: the jar's own).",
                "Without it the last step is taken."
            })
    private Path valid;

    @Option(
            names = "--out",
            paramLabel = "E",
            required = true,
            description = "Expert file to write; with lora a folder.")
    private Path out;

    @Option(
            names = "--factors",
            paramLabel = "DIR",
            description = "Folder that `mimic decompose` made of this model (default: made beside E).")
    private Path factors;

    @Option(names = "--transfer", description = "Accept factors that were made for another base model.")
    private boolean transfer;

    @Option(
            names = "--method",
            paramLabel = "M",
            description = {
                "svf: scales of singular values (default); lora: low-rank changes B A of the weights, without factors.",
                "E is then a folder as PEFT writes it."
            })
    private TrainingFlags.Method method = TrainingFlags.Method.SVF;

    @Option(
            names = "--checkpoint",
            paramLabel = "DIR",
            description = "Folder of the state of an unfinished training (default: E.ckpt).")
    private Path checkpoint;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin
    private TrainingFlags flags;

    @Override
    public Integer call() {
        flags.checkMethod(spec, method);
        boolean lora = method == TrainingFlags.Method.LORA;
        if (lora && (factors != null || transfer)) {
            throw new ParameterException(
                    spec.commandLine(),
                    (factors != null ? "--factors" : "--transfer")
                            + " belongs to --method svf, expected none with lora");
        }
        if (lora) {
            PeftFolder.checkMayBeWritten(out);
        } else {
            AtomicFile.requirePlace(out);
        }
        mimic.console().noteReplaced(out);
        Task task = taskFlags.task(spec, mimic.console());
        TrainingData examples = new TrainingData(
                named(data, "train"), examples(task, data, "train"), named(valid, "valid"), valid(task));
        try (ModelSource source = ModelSource.of(model)) {
            TrainingOptions options = flags.options(method, model, source.isBundled());
            EngineOptions engineOptions = EngineOptions.DEFAULTS
                    .withThreads(common.threads())
                    .withCacheBytes(Session.cacheBytes())
                    .withTransfer(transfer)
                    .withMaxBatch(Math.min(options.batch(), ROWS));
            if (!lora) {
                if (factors == null && !source.isBundled()) {
                    requireFit(source, engineOptions, examples); // making factors takes minutes
                }
                engineOptions = engineOptions.withFactors(factors(source, options.targets()));
            }
            try (Engine engine = Engine.open(source.folder(), device.on(mimic.console(), engineOptions))) {
                return train(engine, task, options, examples);
            }
        }
    }

    private static void requireFit(ModelSource source, EngineOptions options, TrainingData examples) {
        try (Engine plain = Engine.open(source.folder(), options)) {
            examples.requireFit(plain);
        }
    }

    private int train(Engine engine, Task task, TrainingOptions options, TrainingData examples) {
        TrainingFiles beside = TrainingFiles.beside(out);
        TrainingFiles files = checkpoint == null ? beside : beside.withCheckpoint(checkpoint);
        if (examples.valid().isEmpty()) {
            mimic.console().note("no --valid: the last step is taken");
        }
        long start = System.nanoTime();
        TrainingOutcome outcome = ShownTraining.run(mimic.console(), "train", engine, task, options, examples, files);
        report(task, files, outcome, (System.nanoTime() - start) / 1e9);
        return 0;
    }

    private void report(Task task, TrainingFiles files, TrainingOutcome outcome, double seconds) {
        if (outcome.valid().isPresent()
                && outcome.valid().get().share() <= outcome.base().orElseThrow().share()) {
            mimic.console()
                    .note(files.out() + ": on the validation rows no better than the base model ("
                            + percent(outcome.base().orElseThrow()) + " before, "
                            + percent(outcome.valid().get()) + " after)");
        }
        if (json) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("task", task.name());
            report.put("out", files.out().toString());
            report.put("parameters", outcome.parameters());
            report.put("steps", outcome.steps());
            report.put("step", outcome.step());
            report.put("base", accuracy(outcome.base()));
            report.put("valid", accuracy(outcome.valid()));
            report.put("seconds", seconds);
            mimic.console().out().println(Json.write(report));
            return;
        }
        String line = String.format(
                Locale.ROOT,
                "%s: %d numbers trained in %d step%s, %.1f s; step %d taken",
                files.out(),
                outcome.parameters(),
                outcome.steps(),
                outcome.steps() == 1 ? "" : "s",
                seconds,
                outcome.step());
        mimic.console().out().println(line);
        outcome.valid()
                .ifPresent(after -> mimic.console()
                        .out()
                        .println("validation: base " + percent(outcome.base().orElse(new Accuracy(0, 0))) + ", trained "
                                + percent(after)));
        mimic.console().out().println("learning curve: " + files.curve());
    }

    private static Map<String, Object> accuracy(Optional<Accuracy> accuracy) {
        return accuracy.map(some -> {
                    Map<String, Object> map = new LinkedHashMap<>();
                    map.put("examples", some.examples());
                    map.put("accuracy", some.share());
                    map.put("interval", List.of(some.low(), some.high()));
                    return map;
                })
                .orElse(null);
    }

    private static String percent(Accuracy accuracy) {
        return String.format(
                Locale.ROOT,
                "%.1f %% (%.1f-%.1f)",
                100 * accuracy.share(),
                100 * accuracy.low(),
                100 * accuracy.high());
    }

    private Path factors(ModelSource source, Targets targets) {
        return ShownTraining.factors(
                mimic, source, factors, out.resolveSibling(out.getFileName() + ".factors"), targets, common.threads());
    }

    private List<Example> valid(Task task) {
        return valid == null && !taskFlags.hasOwnSplits() ? List.of() : examples(task, valid, "valid");
    }

    private List<Example> examples(Task task, Path file, String split) {
        if (file != null) {
            return task.read(file);
        }
        if (!taskFlags.hasOwnSplits()) {
            throw new ParameterException(
                    spec.commandLine(), "--data: expected a file of examples, got none (" + task.name() + ")");
        }
        return BundledModel.examples(taskFlags.bundledName(), split);
    }

    /** A file's name for messages. */
    private Path named(Path file, String split) {
        return file == null ? Path.of(taskFlags.bundledName() + "." + split + ".jsonl") : file;
    }
}
