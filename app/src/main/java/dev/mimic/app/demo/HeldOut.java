package dev.mimic.app.demo;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.evaluation.Question;
import dev.mimic.adapt.evaluation.Survey;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.app.terminal.Console;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The held-out questions of some tasks, each asked of each adapter once. */
final class HeldOut {
    private final Console console;
    private final Map<String, Task> tasks = new LinkedHashMap<>();
    private final Map<String, List<Example>> questions = new LinkedHashMap<>();
    private final Survey survey;

    /**
     * Reads the questions.
     *
     * @param names of the bundled model's tasks
     * @param limit questions of each at most
     */
    HeldOut(Console console, Engine engine, List<String> names, int limit) {
        this.console = console;
        this.survey = new Survey(engine);
        for (String name : names) {
            List<Example> all = BundledModel.examples(name, "test");
            tasks.put(name, Task.of("bundled-" + name));
            questions.put(name, all.subList(0, Math.min(limit, all.size())));
        }
    }

    Task task(String name) {
        return tasks.get(name);
    }

    List<Example> questions(String name) {
        return questions.get(name);
    }

    /** The questions of a task, all for one adapter. */
    List<Question> all(String name, Adapter adapter) {
        return Question.all(task(name), questions(name), adapter);
    }

    /** Asks what is not known yet, in one batch. */
    void ask(String label, List<Question> asked) {
        console.progress(
                label,
                asked.size(),
                bar -> survey.ask(
                        asked,
                        (replies, of) -> bar.at(asked.size() - of + replies, "replies"))); // the others are known
    }

    /** Answers to the questions of a task. */
    List<Answer> answers(String name, Adapter adapter) {
        return survey.ask(all(name, adapter), (_, _) -> {});
    }

    Accuracy accuracy(String name, Adapter adapter) {
        return Answer.accuracy(answers(name, adapter));
    }

    /** The share of right answers to those questions that are of a task. */
    Accuracy accuracy(String name, List<Question> asked) {
        List<Question> own =
                asked.stream().filter(question -> question.task() == task(name)).toList();
        return Answer.accuracy(survey.ask(own, (_, _) -> {}));
    }
}
