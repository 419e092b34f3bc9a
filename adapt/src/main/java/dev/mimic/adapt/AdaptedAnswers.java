package dev.mimic.adapt;

import dev.mimic.adapt.dispatch.Choice;
import dev.mimic.adapt.dispatch.Dispatcher;
import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Engine;
import dev.mimic.engine.sampling.SamplingOptions;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Both passes over the examples of a task: all first passes together, then all second passes together.
 *
 * @param choices what the first pass decided for each example
 * @param answers the second pass's answer to each
 * @param firstPassSeconds of all first passes together; 0 where none is needed
 * @param secondPassSeconds of all second passes together
 */
public record AdaptedAnswers(
        List<Choice> choices, List<Answer> answers, double firstPassSeconds, double secondPassSeconds) {

    /**
     * Asks and has the task judge the replies.
     *
     * @param engine borrowed
     * @param sampling of the second pass; the first is greedy
     * @param examples that the task has read
     * @param replyLimit new tokens of a reply at most
     * @param progress hears how many replies of both passes have come, of {@link #replies} in all
     * @throws IllegalStateException if the task runs Python and has no sandbox
     * @throws dev.mimic.loader.InvalidModelException before the first reply, if a prompt of either pass is longer than the
     *     context
     */
    public static AdaptedAnswers ask(
            Engine engine,
            SamplingOptions sampling,
            Dispatcher dispatcher,
            Task task,
            List<Example> examples,
            int replyLimit,
            IntConsumer progress) {
        requireFit(engine, dispatcher, examples);
        int before = dispatcher.asksFirst() ? examples.size() : 0;
        long start = System.nanoTime();
        List<Choice> choices = dispatcher.choose(
                engine, examples.stream().map(Example::question).toList(), progress);
        long between = System.nanoTime();
        List<Answer> answers = new Evaluator(engine, sampling)
                .ask(task, examples, i -> choices.get(i).adapter(), replyLimit, done -> progress.accept(before + done));
        long end = System.nanoTime();
        double first = dispatcher.asksFirst() ? (between - start) / 1e9 : 0;
        return new AdaptedAnswers(choices, answers, first, (end - between) / 1e9);
    }

    private static void requireFit(Engine engine, Dispatcher dispatcher, List<Example> examples) {
        Evaluator.requireFit(engine, examples);
        switch (dispatcher) {
            case Dispatcher.Prompt first -> first.prompt().requireFit(engine, examples);
            case Dispatcher.Classifier first -> first.prompt().requireFit(engine, examples);
            case Dispatcher.Fixed _, Dispatcher.FewShot _ -> {}
        }
    }

    /** Replies of both passes to a number of examples. */
    public static int replies(Dispatcher dispatcher, int examples) {
        return dispatcher.asksFirst() ? 2 * examples : examples;
    }

    /** The share of right answers. */
    public Accuracy accuracy() {
        return Answer.accuracy(answers);
    }
}
