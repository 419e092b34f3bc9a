package dev.mimic.app.command;

import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.search.FewShotResult;
import dev.mimic.adapt.search.FewShotSearch;
import dev.mimic.adapt.search.FewShotSettings;
import dev.mimic.adapt.search.MixtureExpert;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.MixtureSpace;
import dev.mimic.adapt.svf.WeightedName;
import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.model.Factors;
import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.json.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
        name = "adapt",
        description = "Searches the mixture of experts that answers a few examples best (cross-entropy method).",
        footer = {
            "",
            "Every round is one batch: all candidates' replies to all shots, each row with its candidate's z. OUT is an",
            "expert file; OUT.seen keeps what it was chosen on, so that eval refuses to report on it.",
            "",
            "  mimic adapt bundled --task bundled-mixed --expert math --expert code \\",
            "    --expert reasoning --out mix.safetensors",
            "  mimic eval bundled --task bundled-mixed --expert mix.safetensors"
        })
final class AdaptCommand implements Callable<Integer>, CheckedOptions {
    /** Rows decoded together at most where nobody says otherwise: beyond, a step gains nothing and answers later. */
    private static final int MOST_ROWS = 1024;

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
            names = "--shots",
            paramLabel = "F",
            description = "Examples to search on, in the task's form; a bundled task has its own.")
    private Path shotsFile;

    @Option(names = "--out", required = true, paramLabel = "MIX", description = "The expert file to write.")
    private Path out;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "New tokens of a reply at most (default: the task's).")
    private Integer maxTokens;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = {
                "Rows decoded together at most (default: a whole round, --population times the shots). Rows whose keys",
                "and values do not fit a quarter of the machine's memory wait for others to end."
            })
    private Integer batch;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the candidates (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(names = "--allow-seen", description = "Search on examples that an expert was trained on all the same.")
    private boolean allowSeen;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin
    private TaskFlags tasks;

    @Mixin
    private ExpertFlags experts;

    @Mixin
    private SearchFlags search;

    @Override
    public void check() {
        if (batch != null) {
            EngineOptions.DEFAULTS.withMaxBatch(batch);
        }
        if (maxTokens != null) {
            GenerationRequest.of("").withMaxTokens(maxTokens);
        }
    }

    @Override
    public Integer call() {
        AtomicFile.requirePlace(out);
        mimic.console().noteReplaced(out);
        List<String> names = names();
        FewShotSettings settings = search.settings(seed);
        Task task = tasks.task(spec, mimic.console());
        TaskData shots = TaskData.read(spec, task, shotsFile, "shots", "--shots");
        long round = (long) settings.population() * shots.examples().size();
        int most = batch != null ? batch : Math.clamp(round, 1, MOST_ROWS);
        try (Session session = Session.open(mimic.console(), spec, common, device, model, null, experts, most)) {
            List<Path> files = session.expertFiles();
            SeenFiles seen = SeenFiles.of(mimic.console()::note, session.source(), files);
            if (!allowSeen) {
                seen.refuse(shots);
            }
            Factors factors = session.factors();
            List<Expert> read = new ArrayList<>();
            for (Path file : files) {
                read.add(Expert.read(file, _ -> {})); // opening the session has checked it and passed the notes on
            }
            MixtureSpace space = new MixtureSpace(experts.mix(), read, factors, search.perLayer());
            int replyLimit = maxTokens == null ? task.replyLimit() : maxTokens;
            FewShotSearch searched = new FewShotSearch(session.engine(), space, task, shots.examples(), replyLimit);
            long rows = rows(session, shots, replyLimit, Math.min(round, most));
            FewShotResult found = Adaptation.search(mimic.console(), "few-shot search", searched, settings);
            Map<String, Object> alpha = Adaptation.alpha(found.weights(names));
            // first what it has seen: an expert never lies there without it
            seen.and(shots).write(SeenPrompts.beside(out));
            String name = String.valueOf(out.getFileName());
            MixtureExpert.of(found, name, task.name(), names, experts.mix(), settings, factors)
                    .write(out);
            print(report(names, shots, settings, found, alpha, rows));
        }
        return 0;
    }

    /** Rows that are decoded together: as many as are asked for, or as their keys and values have room. */
    private long rows(Session session, TaskData shots, int replyLimit, long most) {
        Engine engine = session.engine();
        int longest = shots.examples().stream()
                .mapToInt(shot -> engine.promptIds(Evaluator.request(engine, shot.prompt())).length)
                .max()
                .orElse(0);
        int positions = Math.min(longest + replyLimit, engine.contextLength());
        long bytes = engine.cacheBytes(positions);
        long rows = Math.clamp(Session.cacheBytes() / bytes, 1, most);
        mimic.console()
                .note(rows + " rows at once, " + InspectCommand.bytes(bytes) + " of keys and values each, of "
                        + InspectCommand.bytes(Session.cacheBytes()) + " there is room for");
        return rows;
    }

    private List<String> names() {
        List<String> names = new ArrayList<>();
        for (String text : experts.experts()) {
            WeightedName weighted = WeightedName.parse(text);
            if (weighted.alpha() != 1 || weighted.name().equals("base")) {
                throw new ParameterException(
                        spec.commandLine(),
                        "--expert " + text + ": the search finds the weights, expected expert files alone");
            }
            names.add(weighted.name());
        }
        if (names.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "expected at least one --expert F");
        }
        if (names.stream().distinct().count() < names.size()) {
            throw new ParameterException(spec.commandLine(), "--expert: the same one is named twice");
        }
        return names;
    }

    private Map<String, Object> report(
            List<String> names,
            TaskData shots,
            FewShotSettings settings,
            FewShotResult found,
            Map<String, Object> alpha,
            long rows) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("task", tasks.name());
        report.put("shots", shots.file().toString());
        report.put("examples", (long) shots.examples().size());
        report.put("experts", names);
        report.put("mix", experts.mix().text());
        report.put("alpha", alpha);
        report.put("layers", found.layers().stream().map(Integer::longValue).toList());
        report.put("base_on_shots", found.base().share());
        report.put("on_shots", found.onShots().share());
        report.put("result", settings.pick().text());
        report.put("seed", settings.seed());
        report.put("batch", rows);
        report.put(
                "generations",
                found.generations().stream()
                        .map(g -> {
                            Map<String, Object> each = new LinkedHashMap<>();
                            each.put("best", g.best());
                            each.put("average", g.average());
                            each.put(
                                    "mean",
                                    java.util.Arrays.stream(g.mean()).boxed().toList());
                            return each;
                        })
                        .toList());
        report.put("seconds", found.seconds());
        report.put("out", out.toString());
        return report;
    }

    private void print(Map<String, Object> report) {
        if (json) {
            mimic.console().out().println(Json.write(report));
            return;
        }
        mimic.console()
                .out()
                .println(String.format(
                        Locale.ROOT,
                        "%s: base %.1f %%, mixture %.1f %% of the %d shots it was chosen on; %.1f s",
                        report.get("task"),
                        100 * (Double) report.get("base_on_shots"),
                        100 * (Double) report.get("on_shots"),
                        (Long) report.get("examples"),
                        (Double) report.get("seconds")));
        mimic.console().out().println("alpha: " + Json.write(report.get("alpha")));
        mimic.console().note(out + ": how good it is says `mimic eval` on other examples");
    }
}
