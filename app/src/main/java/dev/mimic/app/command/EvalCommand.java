package dev.mimic.app.command;

import dev.mimic.adapt.AdaptedAnswers;
import dev.mimic.adapt.dispatch.Choice;
import dev.mimic.adapt.dispatch.Dispatcher;
import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.json.Json;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
        name = "eval",
        description = "Asks a model the examples of a task and counts right answers, with a 95 %% interval.",
        footer = {
            "",
            "Greedy unless --temperature is given; a reply without an answer is wrong. Rows that an expert in use has",
            "seen in training or selection are refused, naming both files. --json prints one object: task, examples,",
            "accuracy, interval, seconds and the settings.",
            "",
            "  mimic eval bundled --task bundled-math --expert math",
            "  mimic eval bundled --task bundled-code --adapt classifier",
            "  mimic eval DIR --task gsm8k --data test.jsonl --lora ADAPTER",
            "  mimic eval DIR --task gsm8k --data test.jsonl --factors FACTORS \\",
            "    --adapt prompt --experts EXPERTS"
        })
final class EvalCommand implements Callable<Integer>, CheckedOptions {
    private static final int BATCH = 64;

    @ParentCommand
    private MimicCommand mimic;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceFlags device;

    @Parameters(paramLabel = "MODEL", description = "Model folder, or `bundled`.")
    private String model;

    @Option(
            names = "--data",
            paramLabel = "F",
            description = "The examples, in the task's form; for a bundled task its test rows if not given.")
    private Path data;

    @Option(names = "--limit", paramLabel = "N", description = "Only the first N examples.")
    private Integer limit;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "New tokens of a reply at most (default: the task's).")
    private Integer maxTokens;

    @Option(names = "--temperature", paramLabel = "T", description = "Draw replies instead of greedy decoding.")
    private float temperature;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Of drawn replies and of a few-shot search (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(names = "--batch", paramLabel = "N", description = "Rows decoded together (default: ${DEFAULT-VALUE}).")
    private int batch = BATCH;

    @Option(names = "--predictions", paramLabel = "OUT", description = "Write every reply, one JSON object a line.")
    private Path predictions;

    @Option(names = "--allow-seen", description = "Evaluate on rows that an expert in use has seen all the same.")
    private boolean allowSeen;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin
    private TaskFlags tasks;

    @Mixin
    private ExpertFlags experts;

    @Mixin
    private LoraFlags lora;

    @Mixin
    private QuantizeFlags quantize;

    @Mixin
    private AdaptFlags adapt;

    @Override
    public void check() {
        EngineOptions.DEFAULTS.withMaxBatch(batch);
        if (maxTokens != null) {
            GenerationRequest.of("").withMaxTokens(maxTokens);
        }
        SamplingOptions.GREEDY.withTemperature(temperature);
        if (limit != null && limit < 1) {
            throw new IllegalArgumentException("--limit: expected at least 1, got " + limit);
        }
    }

    @Override
    public Integer call() {
        if (predictions != null) {
            AtomicFile.requirePlace(predictions);
            mimic.console().noteReplaced(predictions);
        }
        long start = System.nanoTime();
        Task task = tasks.task(spec, mimic.console());
        TaskData rows = TaskData.read(spec, task, data, "test", "--data").limit(limit);
        int replyLimit = maxTokens == null ? task.replyLimit() : maxTokens;
        try (Session session = Session.open(
                mimic.console(), spec, common, device, model, null, experts, lora, adapt, tasks, quantize, batch)) {
            TaskData shots = adapt.mode() == AdaptFlags.Mode.FEWSHOT
                    ? TaskData.read(spec, task, adapt.shots(), "shots", "--shots")
                    : null;
            if (!allowSeen) {
                refuseLeaks(session, shots, rows);
            }
            if (shots != null) {
                Evaluator.requireFit(session.engine(), rows.examples()); // before the search, too
            }
            Adaptation adaptation = session.adaptation(adapt, task, shots, seed);
            AdaptedAnswers both = ask(session, adaptation, task, rows.examples(), replyLimit);
            List<Choice> choices = both.choices();
            List<Answer> answers = both.answers();
            long end = System.nanoTime();
            Map<String, Object> seconds = new LinkedHashMap<>();
            seconds.put("load", session.loadSeconds());
            if (adaptation.dispatcher() instanceof Dispatcher.FewShot few) {
                seconds.put("search", few.search().seconds());
            }
            seconds.put("first_pass", both.firstPassSeconds());
            seconds.put("second_pass", both.secondPassSeconds());
            seconds.put("total", (end - start) / 1e9);
            if (predictions != null) {
                write(task, answers, choices);
            }
            print(report(session, adaptation, rows, answers, choices, replyLimit, seconds));
        }
        return 0;
    }

    /**
     * Neither rows nor shots may be among what the experts were trained on, nor rows among the shots.
     *
     * @param shots null for none
     */
    private void refuseLeaks(Session session, TaskData shots, TaskData rows) {
        SeenFiles seen = SeenFiles.of(mimic.console()::note, session.source(), session.expertFiles(adapt));
        seen.refuse(rows);
        if (shots != null) {
            seen.refuse(shots);
            seen.add(shots);
            seen.refuse(rows);
        }
    }

    private AdaptedAnswers ask(
            Session session, Adaptation adaptation, Task task, List<Example> examples, int replyLimit) {
        SamplingOptions sampling =
                SamplingOptions.GREEDY.withTemperature(temperature).withSeed(seed);
        Dispatcher dispatcher = adaptation.dispatcher();
        int replies = AdaptedAnswers.replies(dispatcher, examples.size());
        return mimic.console()
                .progress(
                        "eval",
                        replies,
                        bar -> AdaptedAnswers.ask(
                                session.engine(),
                                sampling,
                                dispatcher,
                                task,
                                examples,
                                replyLimit,
                                done -> bar.at(done, "")));
    }

    private void write(Task task, List<Answer> answers, List<Choice> choices) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < answers.size(); i++) {
            Answer answer = answers.get(i);
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("index", (long) i);
            line.put("prompt", answer.example().prompt());
            line.put("answer", answer.example().answer());
            line.put("reply", answer.reply());
            line.put("extracted", task.extract(answer.reply(), answer.example()).orElse(null));
            line.put("right", answer.right());
            line.put("dispatch", choices.get(i).kind().orElse(null));
            line.put("alpha", Adaptation.alpha(choices.get(i).alpha()));
            lines.append(Json.write(line)).append('\n');
        }
        AtomicFile.writeText(predictions, lines.toString());
    }

    private Map<String, Object> report(
            Session session,
            Adaptation adaptation,
            TaskData rows,
            List<Answer> answers,
            List<Choice> choices,
            int replyLimit,
            Map<String, Object> seconds) {
        Accuracy accuracy = Answer.accuracy(answers);
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("task", tasks.name());
        report.put("data", rows.file().toString());
        report.put("examples", (long) accuracy.examples());
        report.put("right", (long) accuracy.right());
        report.put("accuracy", accuracy.share());
        report.put("interval", List.of(accuracy.low(), accuracy.high()));
        report.put("seconds", seconds);
        report.put("model", model);
        report.put("max_tokens", (long) replyLimit);
        report.put("temperature", (double) temperature);
        report.put("seed", seed);
        Map<String, Object> adapted = session.adaptation();
        if (adapt.active()) {
            adapted = new LinkedHashMap<>();
            adapted.put("mode", adaptation.dispatcher().mode());
            adapted.put(
                    "experts",
                    adaptation.experts().stream()
                            .map(file -> String.valueOf(file.getFileName()))
                            .toList());
            if (adaptation.dispatcher() instanceof Dispatcher.FewShot few) {
                adapted.put("shots", adaptation.shots().orElseThrow().file().toString());
                adapted.put("alpha", Adaptation.alpha(few.search().weights(few.experts())));
                adapted.put("on_shots", few.search().onShots().share());
            } else {
                Map<String, Object> kinds = new TreeMap<>();
                choices.forEach(choice -> kinds.merge(choice.kind().orElse("none"), 1L, (a, b) -> (Long) a + (Long) b));
                adapted.put("dispatch", kinds);
            }
        }
        report.put("adaptation", adapted);
        return report;
    }

    private void print(Map<String, Object> report) {
        if (json) {
            mimic.console().out().println(Json.write(report));
            return;
        }
        List<?> interval = (List<?>) report.get("interval");
        mimic.console()
                .out()
                .println(String.format(
                        Locale.ROOT,
                        "%s: %.1f %% of %d right (95 %% interval %.1f to %.1f)",
                        report.get("task"),
                        100 * (Double) report.get("accuracy"),
                        (Long) report.get("examples"),
                        100 * (Double) interval.get(0),
                        100 * (Double) interval.get(1)));
        if (report.get("adaptation") != null) {
            mimic.console().out().println("adaptation: " + listed((Map<?, ?>) report.get("adaptation")));
        }
        mimic.console().out().println("seconds: " + listed((Map<?, ?>) report.get("seconds")));
    }

    /** Keys and values for people: numbers to hundredths, values of their own kind as JSON. */
    private static String listed(Map<?, ?> values) {
        return values.entrySet().stream()
                .map(entry -> entry.getKey().toString().replace('_', ' ') + " " + listed(entry.getValue()))
                .collect(Collectors.joining(", "));
    }

    private static String listed(Object value) {
        return switch (value) {
            case Double number -> String.format(Locale.ROOT, "%.2f", number);
            case String text -> text;
            case List<?> list -> list.stream().map(EvalCommand::listed).collect(Collectors.joining(" "));
            default -> Json.write(value);
        };
    }
}
