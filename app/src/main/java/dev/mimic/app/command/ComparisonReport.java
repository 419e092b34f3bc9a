package dev.mimic.app.command;

import dev.mimic.adapt.AdaptedAnswers;
import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.comparison.Cell;
import dev.mimic.adapt.comparison.Column;
import dev.mimic.adapt.comparison.Comparison;
import dev.mimic.adapt.comparison.Comparison.Pair;
import dev.mimic.adapt.comparison.ComparisonFolder;
import dev.mimic.adapt.comparison.Contender;
import dev.mimic.adapt.comparison.Method;
import dev.mimic.adapt.comparison.Mixture;
import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.app.chart.AccuracyBars;
import dev.mimic.app.chart.Bar;
import dev.mimic.app.chart.MixtureWeights;
import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.json.Json;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a comparison found: values for scripts, text for people, pictures.
 *
 * @param tasks of the columns, with their files
 * @param mixtures by task
 * @param named answers to the dispatch task, by row
 * @param experts what was used and what was trained
 */
record ComparisonReport(
        ComparisonSettings settings,
        Comparison comparison,
        List<ComparedTask> tasks,
        Map<String, Mixture> mixtures,
        Map<String, List<Answer>> named,
        List<Map<String, Object>> experts,
        Map<String, Double> seconds) {
    private static final String TOY =
            "What this shows, and what it does not: the toy's base knows every skill and uses it about half the time;"
                    + " that is how it was made. Adapting it turns the careful way of answering up and teaches nothing"
                    + " new. Intervals are over the test rows.";

    /** Writes compare.json, compare.md, compare.png, alphas.png and predictions.jsonl. */
    void write(ComparisonFolder folder) {
        AtomicFile.writeText(folder.report("compare.json"), Json.writeIndented(asMap()) + "\n");
        AtomicFile.writeText(folder.report("predictions.jsonl"), predictions());
        List<String> names = comparison.columns().stream().map(Column::name).toList();
        Map<String, List<Bar>> bars = new LinkedHashMap<>();
        for (Method method : comparison.rows()) {
            List<Bar> row = comparison.row(method).stream()
                    .map(cell ->
                            cell.result().map(one -> Bar.of(one.accuracy())).orElse(Bar.NONE))
                    .toList();
            if (row.stream().anyMatch(bar -> bar != Bar.NONE)) {
                bars.put(method.text(), row);
            }
        }
        if (!bars.isEmpty()) {
            AccuracyBars.write(
                    folder.report("compare.png"),
                    "mimic compare: " + settings.model() + ", 95 % intervals",
                    names,
                    bars);
        }
        if (!mixtures.isEmpty()) {
            Map<String, List<Double>> alpha = new LinkedHashMap<>();
            for (String expert : ComparisonTables.experts(mixtures)) {
                alpha.put(
                        expert,
                        mixtures.values().stream()
                                .map(mixture -> ComparisonTables.mean(mixture, expert))
                                .toList());
            }
            MixtureWeights.write(
                    folder.report("alphas.png"),
                    "few-shot search: weights of the experts",
                    List.copyOf(mixtures.keySet()),
                    alpha);
        }
        AtomicFile.writeText(folder.report("compare.md"), markdown());
    }

    private String predictions() {
        StringBuilder lines = new StringBuilder();
        for (Column column : comparison.columns()) {
            for (int i = 0; i < column.test().size(); i++) {
                Map<String, Object> line = new LinkedHashMap<>();
                line.put("task", column.name());
                line.put("index", i);
                line.put("prompt", column.test().get(i).prompt());
                line.put("answer", column.test().get(i).answer());
                Map<String, Object> replies = new LinkedHashMap<>();
                for (Method method : comparison.rows()) {
                    int index = i;
                    comparison.cell(method, column).flatMap(Cell::result).ifPresent(result -> {
                        Map<String, Object> reply = new LinkedHashMap<>();
                        reply.put("reply", result.answers().get(index).reply());
                        reply.put("right", result.answers().get(index).right());
                        result.choices().get(index).kind().ifPresent(kind -> reply.put("dispatch", kind));
                        replies.put(method.text(), reply);
                    });
                }
                line.put("replies", replies);
                lines.append(Json.write(line)).append('\n');
            }
        }
        return lines.toString();
    }

    /** The values for a script. */
    Map<String, Object> asMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("model", settings.model());
        map.put("tasks", tasks.stream().map(ComparisonReport::task).toList());
        map.put("rows", comparison.rows().stream().map(this::row).toList());
        map.put("pairs", pairs());
        if (!named.isEmpty()) {
            Map<String, Object> dispatch = new LinkedHashMap<>();
            named.forEach((row, answers) -> dispatch.put(row, accuracy(Answer.accuracy(answers))));
            map.put("dispatch", dispatch);
        }
        map.put("experts", experts);
        map.put("settings", settings.asMap());
        map.put("seconds", seconds);
        return map;
    }

    private static Map<String, Object> task(ComparedTask task) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", task.name());
        map.put("task", task.task().name());
        map.put("kind", task.column().kind());
        map.put("examples", task.column().test().size());
        map.put("train", task.train().map(rows -> rows.file().toString()).orElse(null));
        map.put("valid", task.valid().map(rows -> rows.file().toString()).orElse(null));
        map.put("shots", task.shots().map(rows -> rows.file().toString()).orElse(null));
        map.put("test", task.test().map(rows -> rows.file().toString()).orElse(null));
        return map;
    }

    private static Map<String, Object> accuracy(Accuracy accuracy) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("examples", accuracy.examples());
        map.put("right", accuracy.right());
        map.put("accuracy", accuracy.share());
        map.put("interval", List.of(accuracy.low(), accuracy.high()));
        return map;
    }

    private Map<String, Object> row(Method method) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("method", method.text());
        map.put("cells", comparison.row(method).stream().map(this::cell).toList());
        return map;
    }

    private Map<String, Object> cell(Cell cell) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("task", cell.column().name());
        switch (cell.contender()) {
            case Contender.Missing missing -> map.put("missing", missing.why());
            case Contender.Ready ready -> {
                AdaptedAnswers result = cell.result().orElseThrow();
                map.putAll(accuracy(result.accuracy()));
                map.put("parameters", ready.parameters());
                map.put("experts", ready.experts());
                Map<String, Object> took = new LinkedHashMap<>();
                ready.mixture().ifPresent(mixture -> mixture.seconds().ifPresent(s -> took.put("search", s)));
                took.put("first_pass", result.firstPassSeconds());
                took.put("second_pass", result.secondPassSeconds());
                map.put("seconds", took);
                ready.mixture().ifPresent(mixture -> map.put("alpha", Adaptation.alpha(mixture.alpha())));
                if (ready.dispatcher().asksFirst()) {
                    Map<String, Integer> kinds = new TreeMap<>();
                    result.choices().forEach(choice -> kinds.merge(choice.kind().orElse("none"), 1, Integer::sum));
                    map.put("dispatch", kinds);
                }
            }
        }
        return map;
    }

    private List<Map<String, Object>> pairs() {
        List<Pair> pairs = new ArrayList<>(comparison.against(Method.BASE));
        comparison.against(Method.SVF).stream()
                .filter(pair -> pair.first() != Method.BASE)
                .forEach(pairs::add);
        return pairs.stream()
                .map(pair -> {
                    Map<String, Object> map = new LinkedHashMap<>();
                    map.put("task", pair.column());
                    map.put("first", pair.first().text());
                    map.put("second", pair.second().text());
                    map.put("first_only", pair.test().firstOnly());
                    map.put("second_only", pair.test().secondOnly());
                    map.put("p", pair.test().p());
                    return map;
                })
                .toList();
    }

    private List<ReportTable> tables() {
        ComparisonTables tables = new ComparisonTables(comparison);
        List<ReportTable> all = new ArrayList<>(List.of(tables.accuracies(), tables.seconds()));
        if (!comparison.against(Method.BASE).isEmpty()) {
            all.add(tables.tests());
        }
        if (!mixtures.isEmpty()) {
            all.add(ComparisonTables.alphas(mixtures));
        }
        if (!named.isEmpty()) {
            all.add(ComparisonTables.named(named));
        }
        return all;
    }

    /** The text for a person. */
    void print(PrintStream out) {
        for (ReportTable table : tables()) {
            out.println(table.text());
        }
        new ComparisonTables(comparison).missing().forEach(line -> out.println(ReportTable.wrapped(line)));
        out.println(String.format(Locale.ROOT, "%.1f s in all", seconds.get("total")));
    }

    private String markdown() {
        StringBuilder text = new StringBuilder();
        text.append("# mimic compare: ").append(settings.model()).append("\n\n");
        for (ReportTable table : tables()) {
            text.append(table.markdown()).append('\n');
        }
        text.append("![accuracies](compare.png)\n");
        if (!mixtures.isEmpty()) {
            text.append("![weights of the few-shot mixtures](alphas.png)\n");
        }
        text.append('\n');
        new ComparisonTables(comparison)
                .missing()
                .forEach(line -> text.append("- ").append(line).append('\n'));
        if (settings.model().equals(BundledModel.NAME)) {
            text.append("- ").append(TOY).append('\n');
        }
        text.append(String.format(
                Locale.ROOT,
                "- Seed %d; replies are greedy; %.1f s in all. Settings and counts: compare.json; every reply:"
                        + " predictions.jsonl.\n",
                settings.training().seed(),
                seconds.get("total")));
        return text.toString();
    }
}
