package dev.mimic.app.demo;

import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.search.FewShotSettings;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.train.TrainingOptions;
import dev.mimic.app.terminal.Table;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The demo's report for people, by paragraphs, in lines of 78 characters at most. */
final class DemoText {
    private static final int WIDTH = 78;
    private static final int HALF = 37;

    private DemoText() {}

    static String opening(Findings.Opened opened) {
        return lines(
                "mimic: a tiny model learns to adapt itself (Transformer², in Java)",
                "",
                text(
                        "model    %s architecture, %d layers, %,d weights; open in %.2f s",
                        opened.architecture(), opened.layers(), opened.numbers(), opened.load()),
                text(
                        "factors  %d matrices as U diag(sigma) V^T in %.1f s, worst relative error %.0e",
                        opened.matrices(), opened.decompose(), opened.worstError()),
                text(
                        "expert   %,d numbers z, W' = U diag(sigma z) V^T; the weights stay untouched",
                        opened.singularValues()));
    }

    static String trainingHeading(TrainingOptions options) {
        return "\n"
                + wrapped(text(
                        "Training. Four experts by REINFORCE: %d steps of %d sampled replies each, reward +1 for a"
                                + " right one, -1 for a wrong one; of the steps validated (100 questions), the latest of"
                                + " the best is taken.",
                        options.steps(), options.batch()));
    }

    /** One line. */
    static String training(Findings.Training training) {
        double first = training.steps().getFirst().reward();
        double last = training.steps().getLast().reward();
        return text(
                "  %-10s reward %+.2f -> %+.2f  valid %5.1f -> %5.1f %%  step %2d  %4.1f s%n",
                training.name(),
                first,
                last,
                percent(training.outcome().base().orElseThrow()),
                percent(training.outcome().valid().orElseThrow()),
                training.outcome().step(),
                training.seconds());
    }

    /** Of each skill the first question that the base got wrong and the expert right, else the first one. */
    static String examples(List<Findings.Skill> skills) {
        StringBuilder out = new StringBuilder("\n");
        out.append(wrapped("Before and after. Of each skill the first held-out question that the base answers wrong and"
                + " its expert right:"));
        for (Findings.Skill skill : skills) {
            int shown = 0;
            for (int i = skill.base().size() - 1; i >= 0; i--) {
                shown = !skill.base().get(i).right() && skill.adapted().get(i).right() ? i : shown;
            }
            String question = skill.base().get(shown).example().question();
            out.append(indented(skill.name() + ": " + question));
            String base = answer("base:   ", skill.base().get(shown));
            String expert = answer("expert: ", skill.adapted().get(shown));
            out.append(text("    %-" + HALF + "s%s%n", base, expert));
        }
        return out.toString();
    }

    private static String answer(String who, Answer answer) {
        String reply = answer.reply().strip().replaceAll("\\s+", " ");
        String verdict = answer.right() ? " (right)" : " (wrong)";
        int room = HALF - 1 - who.length() - verdict.length();
        return who
                + (reply.isEmpty() ? "nothing" : reply.length() <= room ? reply : reply.substring(0, room - 1) + "…")
                + verdict;
    }

    static String skills(List<Findings.Skill> skills) {
        Table table = new Table("skill", "questions", "base %", "95 % interval", "expert %", "95 % interval", "gain");
        for (Findings.Skill skill : skills) {
            Accuracy base = Answer.accuracy(skill.base());
            Accuracy adapted = Answer.accuracy(skill.adapted());
            table.row(
                    skill.name(),
                    adapted.examples(),
                    number(base),
                    interval(base),
                    number(adapted),
                    interval(adapted),
                    text("%+.1f", 100 * (adapted.share() - base.share())));
        }
        return "\n" + table.render();
    }

    /**
     * The few-shot table.
     *
     * @param replies to shots that all searches needed
     */
    static String mixtures(List<Findings.Mixture> mixtures, FewShotSettings search, int replies) {
        List<String> headings =
                new ArrayList<>(List.of("variant", "base %", "95 % interval", "mixture %", "95 % interval"));
        headings.addAll(mixtures.getFirst().experts());
        Table table = new Table(headings.toArray(String[]::new));
        List<String> not = new ArrayList<>();
        for (Findings.Mixture mixture : mixtures) {
            List<Object> row = new ArrayList<>(List.of(
                    mixture.name(),
                    number(mixture.base()),
                    interval(mixture.base()),
                    number(mixture.mixed()),
                    interval(mixture.mixed())));
            for (double weight : mixture.found().alpha()) {
                row.add(text("%.2f", weight));
            }
            table.row(row.toArray());
            if (!mixture.beatsBase()) {
                not.add(mixture.name());
            }
        }
        int shots = mixtures.getFirst().found().onShots().examples();
        int all = mixtures.size() * search.generations() * search.population() * shots;
        return "\n"
                + wrapped(text(
                        "Few-shot. Variants that no expert was trained on; z = 1 + sum of alpha (z_k - 1) over three"
                                + " experts, alpha by the cross-entropy method on %d other questions of the variant: %d"
                                + " rounds of %d candidates, all searches in one engine's batches. Who cannot come among"
                                + " a round's best any more is asked no further: %,d replies instead of %,d, same result.",
                        shots, search.generations(), search.population(), replies, all))
                + table.render()
                + (not.isEmpty()
                        ? "Better than the base on every variant (intervals apart).\n"
                        : wrapped("Not clearly better than the base (intervals overlap): " + String.join(", ", not)
                                + "."));
    }

    static String ways(List<Findings.Ways> ways) {
        Table table = new Table("task", "questions", "base %", "prompt %", "classifier %", "few-shot %");
        for (Findings.Ways way : ways) {
            table.row(
                    way.name(),
                    way.base().examples(),
                    number(way.base()),
                    number(way.prompt()),
                    number(way.classifier()),
                    way.fewShot().map(DemoText::number).orElse("-"));
        }
        return "\n"
                + wrapped("Three ways to adapt to a question. Prompt: the base names its kind, that kind's expert"
                        + " answers. Classifier: the dispatch expert names it. Few-shot: the mixture above.")
                + table.render();
    }

    static String limits(long seed) {
        return "\n"
                + wrapped("What this shows, and what it does not. This toy's base knows every skill and uses it about"
                        + " half the time; that is how it was made. Training turns the careful way of answering up and"
                        + " teaches nothing new. Names, openers and phrases of the questions all occur in training."
                        + " Reasoning stays near 95 %: nearly all its errors follow one phrase, \"Choose:\", whose habit"
                        + " training turns only partly. An expert moves other skills too, up or down, and helps unseen"
                        + " variants only partly; in the reference runs a mixture paid clearly on mixed, which needs two"
                        + " skills, somewhat on code2, and was level with the best expert elsewhere. Intervals are over"
                        + " questions, not over seeds; this was seed " + seed + ". More: docs/bundled-model.md");
    }

    static String seconds(Map<String, Double> seconds) {
        StringBuilder parts = new StringBuilder();
        seconds.forEach((part, took) ->
                parts.append(parts.isEmpty() ? "Seconds: " : ", ").append(text("%s %.1f", part, took)));
        return "\n" + wrapped(parts.toString());
    }

    static String files(Path folder) {
        return lines(
                "Pictures, this report and the experts are in " + folder + ". To use the experts:",
                "  ./mimic run bundled --chat --adapt classifier --experts " + folder + " \"What is 7 plus 5?\"");
    }

    private static double percent(Accuracy accuracy) {
        return 100 * accuracy.share();
    }

    private static String number(Accuracy accuracy) {
        return text("%.1f", percent(accuracy));
    }

    private static String interval(Accuracy accuracy) {
        return text("%.1f-%.1f", 100 * accuracy.low(), 100 * accuracy.high());
    }

    private static String indented(String paragraph) {
        return wrapped(paragraph, WIDTH - 2).indent(2);
    }

    private static String wrapped(String paragraph) {
        return wrapped(paragraph, WIDTH);
    }

    /** Lines of whole words. */
    private static String wrapped(String paragraph, int width) {
        StringBuilder out = new StringBuilder();
        int column = 0;
        for (String word : paragraph.split("\\s+", -1)) {
            int length = word.codePointCount(0, word.length());
            if (column > 0 && column + 1 + length > width) {
                out.append('\n');
                column = 0;
            }
            out.append(column == 0 ? "" : " ").append(word);
            column += (column == 0 ? 0 : 1) + length;
        }
        return out.append('\n').toString();
    }

    private static String lines(String... lines) {
        return String.join("\n", lines) + "\n";
    }

    @SuppressWarnings("AnnotateFormatMethod") // no annotation is worth a dependency
    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
