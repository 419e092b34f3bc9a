package dev.mimic.app.demo;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.dispatch.ExpertFolder;
import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.app.chart.AccuracyBars;
import dev.mimic.app.chart.Bar;
import dev.mimic.app.chart.LearningCurve;
import dev.mimic.app.chart.MixtureWeights;
import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.NewFolder;
import dev.mimic.loader.json.Json;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Where the demo's files go. Nothing that lies there is ever overwritten. */
public final class DemoFolder {
    private static final String DEFAULT = "mimic-demo";
    private static final String CURVES = "learning-curves.png";
    private static final String BARS = "before-after.png";
    private static final String WEIGHTS = "mixtures.png";
    private static final String TEXT = "demo.txt";
    private static final String JSON = "demo.json";

    private final Path folder;

    private DemoFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * A folder of the user's choice.
     *
     * @throws UncheckedIOException if it is a file, or holds a file of the demo already
     */
    public static DemoFolder at(Path folder) {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new UncheckedIOException(new NotDirectoryException(folder.toString()));
        }
        files(folder).filter(Files::exists).findFirst().ifPresent(file -> {
            throw new UncheckedIOException(new FileAlreadyExistsException(file.toString()));
        });
        return new DemoFolder(folder);
    }

    /** The first of {@code mimic-demo}, {@code mimic-demo-2}, … in a folder that is not there yet. */
    public static DemoFolder newIn(Path parent) {
        Path folder = parent.resolve(DEFAULT);
        for (int i = 2; Files.exists(folder); i++) {
            folder = parent.resolve(DEFAULT + "-" + i);
        }
        return new DemoFolder(folder);
    }

    /** Where it is. */
    public Path path() {
        return folder;
    }

    private static Stream<Path> files(Path folder) {
        Stream<Path> experts = BundledModel.EXPERTS.stream()
                .map(name -> ExpertFolder.file(folder, name))
                .flatMap(expert -> Stream.of(expert, SeenPrompts.beside(expert)));
        return Stream.concat(Stream.of(CURVES, BARS, WEIGHTS, TEXT, JSON).map(folder::resolve), experts);
    }

    /**
     * Makes the folder, which is worth trying before the work.
     *
     * @return to be closed after the work, when it goes again if nothing came of it
     * @throws UncheckedIOException naming it, if it cannot be made or written to
     */
    NewFolder make() {
        return NewFolder.at(folder);
    }

    /** Writes pictures, report and experts. */
    void write(Findings findings, String text) {
        curves(findings);
        bars(findings);
        weights(findings);
        for (Findings.Skill skill : findings.skills()) {
            Path file = ExpertFolder.file(folder, skill.name());
            // an expert is never there without the list of what it has seen
            skill.training().seen().write(SeenPrompts.beside(file));
            skill.training().outcome().expert().write(file);
        }
        AtomicFile.writeText(folder.resolve(JSON), Json.writeIndented(DemoJson.of(findings)) + "\n");
        AtomicFile.writeText(folder.resolve(TEXT), text);
    }

    private void curves(Findings findings) {
        List<LearningCurve.Training> trainings = new ArrayList<>();
        for (Findings.Skill skill : findings.skills()) {
            double base = skill.training().outcome().base().orElseThrow().share();
            trainings.add(new LearningCurve.Training(
                    skill.name(), base, skill.training().steps()));
        }
        LearningCurve.write(
                folder.resolve(CURVES),
                "Training on the bundled model: greedy validation, and replies as sampled",
                trainings);
    }

    private void bars(Findings findings) {
        List<String> names = new ArrayList<>();
        List<Bar> before = new ArrayList<>();
        List<Bar> after = new ArrayList<>();
        for (Findings.Skill skill : findings.skills()) {
            names.add(skill.name());
            before.add(Bar.of(Answer.accuracy(skill.base())));
            after.add(Bar.of(Answer.accuracy(skill.adapted())));
        }
        for (Findings.Mixture mixture : findings.mixtures()) {
            names.add(mixture.name());
            before.add(Bar.of(mixture.base()));
            after.add(Bar.of(mixture.mixed()));
        }
        Map<String, List<Bar>> series = new LinkedHashMap<>();
        series.put("base", before);
        series.put("its expert; on unseen variants the few-shot mixture", after);
        AccuracyBars.write(folder.resolve(BARS), "Held-out accuracy before and after, 95 % intervals", names, series);
    }

    private void weights(Findings findings) {
        Map<String, List<Double>> alpha = new LinkedHashMap<>();
        for (Findings.Mixture mixture : findings.mixtures()) {
            for (int k = 0; k < mixture.experts().size(); k++) {
                alpha.computeIfAbsent(mixture.experts().get(k), _ -> new ArrayList<>())
                        .add(mixture.found().alpha()[k]);
            }
        }
        List<String> names =
                findings.mixtures().stream().map(Findings.Mixture::name).toList();
        MixtureWeights.write(folder.resolve(WEIGHTS), "Few-shot mixtures: how much of each expert", names, alpha);
    }
}
