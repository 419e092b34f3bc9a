package dev.mimic.app.command;

import dev.mimic.adapt.comparison.Cell;
import dev.mimic.adapt.comparison.Column;
import dev.mimic.adapt.comparison.Comparison;
import dev.mimic.adapt.comparison.Comparison.Pair;
import dev.mimic.adapt.comparison.Contender;
import dev.mimic.adapt.comparison.Method;
import dev.mimic.adapt.comparison.Mixture;
import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.evaluation.McNemar;
import dev.mimic.adapt.task.Accuracy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;

/** A comparison as tables for people. */
final class ComparisonTables {
    private static final String NOTHING = "-";

    private final Comparison comparison;

    ComparisonTables(Comparison comparison) {
        this.comparison = comparison;
    }

    /** The table itself: accuracies with intervals. */
    ReportTable accuracies() {
        List<String> headings = new ArrayList<>(List.of("method", "numbers"));
        comparison
                .columns()
                .forEach(column ->
                        headings.add(column.name() + " (" + column.test().size() + ")"));
        List<List<String>> rows = new ArrayList<>();
        for (Method method : comparison.rows()) {
            List<String> row = new ArrayList<>(List.of(method.text(), parameters(method)));
            comparison.row(method).forEach(cell -> row.add(accuracy(cell)));
            rows.add(row);
        }
        return new ReportTable(
                "Right answers, % (95 % interval); numbers: trained ones in use; (N): examples", headings, 2, rows);
    }

    private static String accuracy(Cell cell) {
        return cell.result().map(result -> percent(result.accuracy())).orElse(NOTHING);
    }

    /** An accuracy with its interval, in per cent. */
    static String percent(Accuracy accuracy) {
        return String.format(
                Locale.ROOT, "%.1f (%.1f-%.1f)", 100 * accuracy.share(), 100 * accuracy.low(), 100 * accuracy.high());
    }

    private String parameters(Method method) {
        int[] numbers = comparison.row(method).stream()
                .map(Cell::contender)
                .flatMap(contender -> contender instanceof Contender.Ready ready
                        ? java.util.stream.Stream.of(ready.parameters())
                        : java.util.stream.Stream.empty())
                .mapToInt(Integer::intValue)
                .sorted()
                .distinct()
                .toArray();
        if (numbers.length == 0) {
            return NOTHING;
        }
        int last = numbers[numbers.length - 1];
        return numbers[0] == last ? String.valueOf(last) : numbers[0] + "-" + last;
    }

    /** Why cells are empty, one line each. */
    List<String> missing() {
        Set<String> lines = new LinkedHashSet<>();
        for (Cell cell : comparison.cells()) {
            if (cell.contender() instanceof Contender.Missing missing) {
                lines.add(cell.method().text() + ": " + missing.why());
            }
        }
        return List.copyOf(lines);
    }

    /** Seconds of both passes. */
    ReportTable seconds() {
        return table(
                "Seconds, first + second pass, all examples of a column together",
                comparison.rows(),
                (method, column) -> comparison
                        .cell(method, column)
                        .flatMap(Cell::result)
                        .map(result -> String.format(
                                Locale.ROOT, "%.2f + %.2f", result.firstPassSeconds(), result.secondPassSeconds())));
    }

    /** Every row against the base and against the task's own expert. */
    ReportTable tests() {
        List<Method> rows = comparison.rows().stream()
                .filter(method -> method != Method.BASE)
                .toList();
        boolean own = comparison.rows().contains(Method.SVF) && rows.size() > 1;
        return table(
                "Exact McNemar p on the same examples, against base" + (own ? " / against SVF" : ""),
                rows,
                (method, column) -> comparison.pair(column, method, Method.BASE).map(pair -> {
                    String expert = method == Method.SVF
                            ? NOTHING
                            : comparison
                                    .pair(column, method, Method.SVF)
                                    .map(ComparisonTables::p)
                                    .orElse(NOTHING);
                    return own ? p(pair) + " / " + expert : p(pair);
                }));
    }

    private static String p(Pair pair) {
        return p(pair.test());
    }

    /** A p value as short as it may be; its sign says nothing, see the accuracies. */
    static String p(McNemar test) {
        double p = test.p();
        if (p < 1e-6) {
            return "<1e-6";
        }
        return p < 1e-3 ? String.format(Locale.ROOT, "%.0e", p) : String.format(Locale.ROOT, "%.2g", p);
    }

    private ReportTable table(String title, List<Method> methods, BiFunction<Method, Column, Optional<String>> cell) {
        List<String> headings = new ArrayList<>(List.of("method"));
        comparison.columns().forEach(column -> headings.add(column.name()));
        List<List<String>> rows = new ArrayList<>();
        for (Method method : methods) {
            List<String> row = new ArrayList<>(List.of(method.text()));
            comparison
                    .columns()
                    .forEach(column -> row.add(cell.apply(method, column).orElse(NOTHING)));
            rows.add(row);
        }
        return new ReportTable(title, headings, 1, rows);
    }

    /** Weights of the mixtures. */
    static ReportTable alphas(Map<String, Mixture> mixtures) {
        List<String> experts = experts(mixtures);
        List<String> headings = new ArrayList<>(List.of("task"));
        experts.forEach(name -> headings.add("alpha " + name));
        headings.add("search, s");
        List<List<String>> rows = new ArrayList<>();
        mixtures.forEach((task, mixture) -> {
            List<String> row = new ArrayList<>(List.of(task));
            experts.forEach(name -> row.add(String.format(Locale.ROOT, "%.2f", mean(mixture, name))));
            row.add(
                    mixture.seconds().isPresent()
                            ? String.format(
                                    Locale.ROOT, "%.1f", mixture.seconds().getAsDouble())
                            : NOTHING);
            rows.add(row);
        });
        boolean layers = mixtures.values().stream()
                .flatMap(mixture -> mixture.alpha().values().stream())
                .anyMatch(alpha -> alpha.length > 1);
        return new ReportTable(
                "Few-shot mixtures: weight of each expert" + (layers ? ", mean of the layers" : ""), headings, 1, rows);
    }

    /** Names of the experts that are mixed. */
    static List<String> experts(Map<String, Mixture> mixtures) {
        return mixtures.values().stream()
                .map(mixture -> mixture.alpha().keySet())
                .flatMap(Set::stream)
                .distinct()
                .toList();
    }

    /** An expert's weight in a mixture, the mean of its layers; NaN if it has none. */
    static double mean(Mixture mixture, String expert) {
        double[] alpha = mixture.alpha().getOrDefault(expert, new double[0]);
        return Arrays.stream(alpha).average().orElse(Double.NaN);
    }

    /** How well kinds are named. */
    static ReportTable named(Map<String, List<Answer>> named) {
        int examples = named.values().iterator().next().size();
        List<List<String>> rows = named.entrySet().stream()
                .map(entry -> List.of(entry.getKey(), percent(Answer.accuracy(entry.getValue()))))
                .toList();
        return new ReportTable(
                "Kind of the question named right, % (95 % interval)",
                List.of("method", "dispatch (" + examples + ")"), 1, rows);
    }
}
