package dev.mimic.app.command;

import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.app.terminal.Table;
import dev.mimic.loader.model.ModelConfig;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the demo found, as text for a person and as values for a script. */
final class DemoReport {
    private final List<Map<String, Object>> skills = new ArrayList<>();
    private final Map<String, Object> seconds = new LinkedHashMap<>();
    private final Map<String, Object> dispatch = new LinkedHashMap<>();
    private final Map<String, Object> mixture = new LinkedHashMap<>();
    private final Table table = new Table("skill", "questions", "base %", "expert %", "95 % interval", "gain");
    private final List<String> opening = new ArrayList<>();
    private final List<String> examples = new ArrayList<>();
    private final List<String> closing = new ArrayList<>();

    void loaded(ModelConfig config, double loadSeconds) {
        seconds.put("load", loadSeconds);
        opening.add(text(
                "model    Llama architecture, %d layers, hidden %d, BF16 weights, mapped and open in %.2f s",
                config.layers(), config.hiddenSize(), loadSeconds));
    }

    void takenApart(int matrices, int numbers, double worstError, double took) {
        seconds.put("decompose", took);
        opening.add(text(
                "factors  %d matrices taken apart in %.2f s, worst relative error %.0e", matrices, took, worstError));
        opening.add(text(
                "expert   %d numbers each, one per singular value; the weights themselves stay untouched", numbers));
    }

    void skill(String name, List<Answer> base, List<Answer> adapted) {
        Accuracy before = Answer.accuracy(base);
        Accuracy after = Answer.accuracy(adapted);
        Map<String, Object> skill = new LinkedHashMap<>();
        skill.put("name", name);
        skill.put("examples", after.examples());
        skill.put("base", before.share());
        skill.put("adapted", after.share());
        skill.put("interval", List.of(after.low(), after.high()));
        skills.add(skill);
        table.row(
                name,
                after.examples(),
                percent(before.share()),
                percent(after.share()),
                interval(after),
                text("%+.1f", 100 * (after.share() - before.share())));
        example(name, base, adapted);
    }

    /** The first question that the base got wrong and the expert got right, else the first one. */
    private void example(String name, List<Answer> base, List<Answer> adapted) {
        int shown = 0;
        for (int i = 0; i < base.size(); i++) {
            if (!base.get(i).right() && adapted.get(i).right()) {
                shown = i;
                break;
            }
        }
        examples.add(name + ": " + base.get(shown).example().prompt());
        examples.add("    base    " + line(base.get(shown)));
        examples.add("    expert  " + line(adapted.get(shown)));
    }

    private static String line(Answer answer) {
        String reply = answer.reply().strip().replace('\n', ' ');
        return text("%-40s %s", reply.isEmpty() ? "(nothing)" : reply, answer.right() ? "right" : "wrong");
    }

    void routed(Accuracy named, Accuracy base, Accuracy routed, double first, double second) {
        dispatch.put("examples", routed.examples());
        dispatch.put("named", named.share());
        dispatch.put("base", base.share());
        dispatch.put("routed", routed.share());
        dispatch.put("interval", List.of(routed.low(), routed.high()));
        dispatch.put("seconds", Map.of("first_pass", first, "second_pass", second));
        closing.add("Two passes: an expert names the kind of each question, then that kind's expert answers it.");
        closing.add(text(
                "    %d questions of three kinds in one batch; kind named right %s %%; answers right %s %% (base %s %%), %s;",
                routed.examples(),
                percent(named.share()),
                percent(routed.share()),
                percent(base.share()),
                interval(routed)));
        closing.add(text(
                "    first pass %.2f s, second pass %.2f s, rows with different experts side by side.", first, second));
    }

    void mixed(List<Answer> base, String bestName, Accuracy best, List<Answer> mixed, double weight) {
        Accuracy before = Answer.accuracy(base);
        Accuracy after = Answer.accuracy(mixed);
        mixture.put("task", "mixed");
        mixture.put("examples", after.examples());
        mixture.put("base", before.share());
        mixture.put("best_single", Map.of("expert", bestName, "accuracy", best.share()));
        mixture.put("mixture", after.share());
        mixture.put("weight", weight);
        mixture.put("interval", List.of(after.low(), after.high()));
        closing.add("");
        closing.add("Mixing: questions that need two skills, which no expert was trained on.");
        closing.add(text(
                "    base %s %%, best single expert (%s) %s %%, %.1f of each of three experts %s %%, %s.",
                percent(before.share()),
                bestName,
                percent(best.share()),
                weight,
                percent(after.share()),
                interval(after)));
    }

    void took(double total) {
        seconds.put("total", total);
    }

    /** The values for a script. */
    Map<String, Object> asMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("skills", skills);
        map.put("dispatch", dispatch);
        map.put("mixture", mixture);
        map.put("few_shot", null);
        map.put("seconds", seconds);
        return map;
    }

    /** The text for a person. */
    void print(PrintStream out) {
        out.println("mimic: a tiny model, and four experts that do nothing but scale its singular values");
        out.println();
        opening.forEach(out::println);
        out.println();
        examples.forEach(out::println);
        out.println();
        out.print(table.render());
        out.println();
        closing.forEach(out::println);
        out.println();
        out.println(
                "What this shows, and what it does not: this toy's base knows every skill and uses it about half the");
        out.println(
                "time; that is how it was made. Its experts, trained by reinforcement learning, turn the careful way of");
        out.println(
                "answering up and teach nothing new. Intervals are over the questions. More: docs/bundled-model.md");
        out.println();
        out.println(text("%.1f s in all.", (double) seconds.get("total")));
    }

    private static String percent(double share) {
        return text("%.1f", 100 * share);
    }

    private static String interval(Accuracy accuracy) {
        return text("%.1f to %.1f", 100 * accuracy.low(), 100 * accuracy.high());
    }

    @SuppressWarnings("AnnotateFormatMethod") // no annotation is worth a dependency
    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
