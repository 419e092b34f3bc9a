package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.comparison.ComparisonFolder;
import dev.mimic.adapt.comparison.Method;
import dev.mimic.adapt.dispatch.ExpertFolder;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.task.Task;
import dev.mimic.adapt.train.TrainingOptions;
import dev.mimic.loader.NewFolder;
import dev.mimic.loader.json.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "compare",
        description = "One table of a model and all ways to adapt it: base, LoRA, SVF, and the three two-pass ways.",
        footer = {
            "",
            "What lies in DIR is used as it is, with a note where it was made with other settings; the rest is trained or",
            "searched for and left there:",
            "  expert-NAME.safetensors      the expert of the task NAME (SVF); every expert",
            "                               in DIR takes part in the adaptation rows",
            "  expert-dispatch.safetensors  the classifier",
            "  lora-NAME/                   the LoRA of the task NAME, in PEFT's form",
            "  mix-NAME.safetensors         the mixture that the search found for NAME",
            "  factors/                     the model's factors, where --factors names none",
            "and, with every run written anew: compare.json, compare.md, compare.png (accuracies with 95 %% intervals),",
            "alphas.png (weights of the few-shot mixtures), predictions.jsonl (every reply of every row).",
            "",
            "Replies are greedy. Rows of a TEST file that an expert in use has seen in training or selection, or that",
            "stand in a TRAIN, VALID or SHOTS file, are refused, naming both files. Shots come from TRAIN, which the task's",
            "own expert has seen; they choose a mixture and are never reported on. A task without TRAIN is answered by the",
            "experts of its kind: math, code or reasoning. `bundled` has tasks and files of its own; without --task it",
            "compares its math, code and reasoning and takes about two minutes, most of it training.",
            "",
            "  mimic compare bundled --out DIR",
            "  mimic compare bundled --out DIR --bundled-experts \\",
            "    --rows base,svf,classifier,fewshot",
            "  mimic compare MODEL --task gsm8k=train.jsonl,valid.jsonl,test.jsonl \\",
            "    --task math=shots.jsonl,test.jsonl --out DIR",
            "  mimic compare OTHER --task gsm8k=test.jsonl --rows base,transfer \\",
            "    --transfer-from DIR --out DIR2"
        })
final class CompareCommand implements Callable<Integer>, CheckedOptions {
    private static final List<String> OWN = List.of("bundled-math", "bundled-code", "bundled-reasoning");

    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceFlags device;

    @Parameters(paramLabel = "MODEL", description = "Model folder, or `bundled`.")
    private String model;

    @Option(
            names = "--task",
            paramLabel = "[NAME:]T[=F,…]",
            description = {
                "A task as in `eval`, repeatable: T=TRAIN,VALID,TEST; T=SHOTS,TEST without an expert of its own;",
                "T=TEST without a search; dispatch=TRAIN,VALID[,TEST] for the classifier; bundled-NAME has files of its",
                "own. NAME (default: T) stands in the table and in file names."
            })
    private List<String> taskTexts = new ArrayList<>();

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder of experts and report.")
    private Path out;

    @Option(
            names = "--rows",
            paramLabel = "R",
            split = ",",
            description = {
                "Some of base, lora, svf, prompt, classifier, fewshot, transfer (default: all; transfer with",
                "--transfer-from); what no row needs is not trained."
            })
    private List<String> rowTexts = new ArrayList<>();

    @Option(
            names = "--factors",
            paramLabel = "DIR",
            description = "Folder that `mimic decompose` made of this model (default: made in DIR).")
    private Path factors;

    @Option(
            names = "--classifier",
            paramLabel = "F",
            description = "The expert that names the kind of a question (default: DIR/expert-dispatch.safetensors).")
    private Path classifier;

    @Option(
            names = "--bundled-experts",
            description = "For `bundled`: take its own experts where DIR has none, instead of training.")
    private boolean bundledExperts;

    @Option(
            names = "--transfer-from",
            paramLabel = "DIR2",
            description = {
                "Rows `transfer in order` and `transfer shuffled`: experts of another model of the same shapes, from the",
                "files expert-NAME.safetensors of DIR2 or of `bundled`; shuffled: each vector in random order."
            })
    private Path transferFrom;

    @Option(names = "--lora-lr", paramLabel = "R", description = "Learning rate of the LoRA rows (default: --lr).")
    private Double loraRate;

    @Option(
            names = "--shots-count",
            paramLabel = "N",
            description = "Examples that a few-shot search draws (default: ${DEFAULT-VALUE}).")
    private int shotsCount = 20;

    @Option(names = "--limit", paramLabel = "N", description = "Only the first N rows of each TEST.")
    private Integer limit;

    @Option(
            names = "--dispatch-prompt",
            paramLabel = "FILE",
            description = "The prompt that asks for the kind; {question} in it stands for the question.")
    private Path dispatchPrompt;

    @Option(names = "--mix", paramLabel = "M", description = "delta (default), sum or sakana-raw, as in `adapt`.")
    private String mix = "delta";

    @Option(names = "--check", paramLabel = "C", description = "For jsonl: number, letter, expression, boxed or exact.")
    private String check;

    @Option(
            names = "--allow-unsandboxed",
            description = "mbpp and humaneval: run the model's programs as this user where no sandbox works.")
    private boolean allowUnsandboxed;

    @Option(names = "--allow-seen", description = "Report on rows that an expert in use has seen all the same.")
    private boolean allowSeen;

    @Option(names = "--json", description = "Print one JSON object, that of compare.json.")
    private boolean json;

    @Mixin
    private TrainingFlags training;

    @Mixin
    private SearchFlags search;

    @Override
    public void check() {
        if (limit != null && limit < 1) {
            throw new IllegalArgumentException("--limit: expected at least 1, got " + limit);
        }
        if (shotsCount < 1) {
            throw new IllegalArgumentException("--shots-count: expected at least 1, got " + shotsCount);
        }
        if (bundledExperts && !model.equals(BundledModel.NAME)) {
            throw new IllegalArgumentException("--bundled-experts goes with `bundled`, got " + model);
        }
        if (loraRate != null) {
            TrainingOptions.DEFAULTS.withLearningRate(loraRate);
        }
        ExpertMixture.Mode.of(mix);
        rows();
        texts();
    }

    @Override
    public Integer call() {
        List<ComparedTask> tasks = new ArrayList<>();
        for (ComparedTask.Text text : texts()) {
            tasks.add(ComparedTask.of(text, task(text.taskName())).limit(limit));
        }
        try (ModelSource source = ModelSource.of(model)) {
            TrainingOptions options = training.options(TrainingFlags.Method.SVF, model, source.isBundled());
            TrainingOptions lora = training.options(TrainingFlags.Method.LORA, model, source.isBundled());
            ComparisonSettings settings = new ComparisonSettings(
                    model,
                    rows(),
                    options,
                    loraRate == null ? lora : lora.withLearningRate(loraRate),
                    search.settings(options.seed()),
                    search.perLayer(),
                    ExpertMixture.Mode.of(mix),
                    shotsCount,
                    limit,
                    allowSeen,
                    factors,
                    classifier,
                    transferFrom,
                    Adaptation.prompt(source, dispatchPrompt));
            ComparisonFolder folder = new ComparisonFolder(out);
            ComparisonWork work = new ComparisonWork(mimic, source, settings, folder, tasks);
            work.requireDevice(common.threads(), device);
            ComparisonReport report = report(source, folder, work);
            if (json) {
                mimic.console().out().println(Json.write(report.asMap()));
            } else {
                report.print(mimic.console().out());
            }
        }
        return 0;
    }

    private ComparisonReport report(ModelSource source, ComparisonFolder folder, ComparisonWork work) {
        try (NewFolder _ = NewFolder.at(out)) {
            if (bundledExperts) {
                ComparedExperts.takeBundled(source, folder);
            }
            ComparisonReport report = work.run(common.threads(), device);
            report.write(folder);
            return report;
        }
    }

    private List<Method> rows() {
        List<Method> rows = new ArrayList<>();
        for (String text : rowTexts) {
            rows.addAll(Method.of(text.strip()));
        }
        if (rowTexts.isEmpty()) {
            rows.addAll(List.of(Method.values()));
            if (transferFrom == null) {
                rows.removeAll(Method.of("transfer"));
            }
        }
        if (rows.contains(Method.TRANSFER) && transferFrom == null) {
            throw new IllegalArgumentException("--rows transfer needs --transfer-from DIR");
        }
        return rows.stream().distinct().sorted().toList();
    }

    /** The tasks; for the bundled model its own where none are named, and its dispatch task in any case. */
    private List<ComparedTask.Text> texts() {
        List<String> given = new ArrayList<>(taskTexts);
        boolean bundled = model.equals(BundledModel.NAME);
        if (given.isEmpty() && !bundled) {
            throw new IllegalArgumentException("expected --task T=TRAIN,VALID,TEST");
        }
        if (given.isEmpty()) {
            given.addAll(OWN);
        }
        List<ComparedTask.Text> texts = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (String each : given) {
            ComparedTask.Text text = ComparedTask.Text.of(each);
            if (!names.add(text.name())) {
                throw new IllegalArgumentException(
                        "--task " + each + ": the name " + text.name() + " is taken, expected another with NAME:T");
            }
            texts.add(text);
        }
        if (names.equals(Set.of(ExpertFolder.CLASSIFIER))) {
            throw new IllegalArgumentException("--task: dispatch alone is no column, expected another task");
        }
        if (bundled && !names.contains(ExpertFolder.CLASSIFIER)) {
            texts.add(ComparedTask.Text.of("bundled-dispatch"));
        }
        return texts;
    }

    private Task task(String name) {
        if (name.equals(ExpertFolder.CLASSIFIER) && dispatchPrompt != null) {
            return Task.dispatch(Adaptation.prompt(dispatchPrompt).template());
        }
        return TaskFlags.task(name, name.equals("jsonl") ? check : null, allowUnsandboxed, mimic.console());
    }
}
