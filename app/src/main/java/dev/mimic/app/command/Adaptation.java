package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.dispatch.Choice;
import dev.mimic.adapt.dispatch.DispatchPrompt;
import dev.mimic.adapt.dispatch.Dispatcher;
import dev.mimic.adapt.dispatch.ExpertFolder;
import dev.mimic.adapt.search.FewShotResult;
import dev.mimic.adapt.search.FewShotSearch;
import dev.mimic.adapt.search.FewShotSettings;
import dev.mimic.adapt.search.MixtureExpert;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.MixtureSpace;
import dev.mimic.adapt.task.Task;
import dev.mimic.app.terminal.Console;
import dev.mimic.engine.model.Factors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How an open model adapts itself, as a command line asks for it.
 *
 * @param dispatcher what decides
 * @param experts files of all experts in use
 * @param shots that a search was done on
 */
record Adaptation(Dispatcher dispatcher, List<Path> experts, Optional<TaskData> shots) {
    private static final int SEARCHED_ROWS = 1000;

    /**
     * Makes ready what {@code --adapt} names; searches where it says so.
     *
     * @param task for few-shot; null otherwise
     * @param shots for few-shot; null otherwise
     */
    static Adaptation of(Session session, AdaptFlags flags, ExpertFlags experts, Task task, TaskData shots, long seed) {
        ModelSource source = session.source();
        Console console = session.console();
        Consumer<String> notes = note -> ExpertFiles.note(console, source, note);
        Path folder = flags.experts() == null ? source.bundled().experts() : flags.experts();
        ExpertFolder read = ExpertFolder.read(folder, notes);
        List<Path> files = new ArrayList<>();
        read.experts().keySet().forEach(name -> files.add(ExpertFolder.file(folder, name)));
        Factors factors = session.factors();
        return switch (flags.mode()) {
            case NONE -> new Adaptation(Dispatcher.none(), List.of(), Optional.empty());
            case PROMPT ->
                new Adaptation(
                        new Dispatcher.Prompt(
                                prompt(source, flags.dispatchPrompt()),
                                read.adapters(factors, experts.transfer(), notes)),
                        files,
                        Optional.empty());
            case CLASSIFIER -> {
                files.add(ExpertFolder.file(folder, ExpertFolder.CLASSIFIER));
                yield new Adaptation(
                        new Dispatcher.Classifier(
                                prompt(source, flags.dispatchPrompt()),
                                read.classifier(factors, experts.transfer(), notes),
                                read.adapters(factors, experts.transfer(), notes)),
                        files,
                        Optional.empty());
            }
            case FEWSHOT -> {
                List<Expert> all = List.copyOf(read.experts().values());
                all.forEach(expert -> expert.check(factors, experts.transfer(), notes));
                MixtureSpace space = new MixtureSpace(experts.mix(), all, factors, false);
                FewShotResult found = search(
                        console,
                        "few-shot search",
                        new FewShotSearch(session.engine(), space, task, shots.examples(), task.replyLimit()),
                        FewShotSettings.DEFAULTS.withSeed(seed));
                yield new Adaptation(
                        new Dispatcher.FewShot(found, List.copyOf(read.experts().keySet())), files, Optional.of(shots));
            }
        };
    }

    /**
     * The prompt that asks for a question's kind.
     *
     * @param file with a prompt of the user's own; null for the model's
     */
    static DispatchPrompt prompt(ModelSource source, Path file) {
        DispatchPrompt own = source.isBundled()
                ? new DispatchPrompt(BundledModel.dispatchPrompt(), BundledModel.REPLY_LIMITS.get("dispatch"))
                : DispatchPrompt.PUBLISHED;
        return file == null ? own : new DispatchPrompt(prompt(file).template(), own.replyLimit());
    }

    /** A prompt of the user's own. */
    static DispatchPrompt prompt(Path file) {
        try {
            return DispatchPrompt.of(Files.readString(file).strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Searches under a progress bar. */
    static FewShotResult search(Console console, String label, FewShotSearch search, FewShotSettings settings) {
        return console.progress(label, (long) settings.generations() * SEARCHED_ROWS, bar -> {
            double[] best = {0};
            return search.run(settings, new FewShotSearch.Listener() {
                @Override
                public void replied(int generation, int replies, int of) {
                    bar.at(
                            (generation - 1L) * SEARCHED_ROWS + (long) SEARCHED_ROWS * replies / of,
                            "generation " + generation + ", best so far " + Math.round(100 * best[0]) + " %");
                }

                @Override
                public void generation(FewShotSearch.Generation generation) {
                    best[0] = generation.best();
                }
            });
        });
    }

    /**
     * What adapted a reply, for reports.
     *
     * @param second seconds of the second pass
     */
    Map<String, Object> report(Choice choice, double second) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("mode", dispatcher.mode());
        report.put("dispatch", choice.kind().orElse(null));
        report.put("alpha", alpha(choice.alpha()));
        Map<String, Object> seconds = new LinkedHashMap<>();
        if (dispatcher instanceof Dispatcher.FewShot few) {
            seconds.put("search", few.search().seconds());
        }
        seconds.put("first_pass", choice.seconds());
        seconds.put("second_pass", second);
        report.put("seconds", seconds);
        return report;
    }

    /** Weights by expert: a number, or a list with one for each layer. */
    static Map<String, Object> alpha(Map<String, double[]> weights) {
        return MixtureExpert.values(weights);
    }

    /** What answers, for people. */
    String describe(Choice choice) {
        String who = choice.alpha().isEmpty()
                ? "the base model"
                : alpha(choice.alpha()).toString();
        return switch (dispatcher) {
            case Dispatcher.FewShot _, Dispatcher.Fixed _ -> who + " answers";
            case Dispatcher.Prompt _, Dispatcher.Classifier _ ->
                String.format(
                        java.util.Locale.ROOT,
                        "taken for %s in %.2f s; %s answers",
                        choice.kind().orElse("no known kind"),
                        choice.seconds(),
                        choice.alpha().isEmpty()
                                ? "the base model"
                                : choice.kind().orElseThrow());
        };
    }
}
