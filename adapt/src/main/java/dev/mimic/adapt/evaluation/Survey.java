package dev.mimic.adapt.evaluation;

import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.PendingGeneration;
import dev.mimic.engine.sampling.SamplingOptions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Asks many questions of any tasks in one batch, greedily, each row with its own adapter and reply limit. What was asked
 * before is not asked again: an answer depends on its question alone, never on the rows beside it. Serves one calling
 * thread.
 */
public final class Survey {
    private final Engine engine;
    private final Map<Question, Answer> known = new HashMap<>();

    /**
     * Begins with nothing known.
     *
     * @param engine borrowed
     */
    public Survey(Engine engine) {
        this.engine = engine;
    }

    /** Hears how many replies have come. */
    @FunctionalInterface
    public interface Progress {
        /**
         * A reply has come.
         *
         * @param replies so far
         * @param of in all; none for what was known
         */
        void replied(int replies, int of);
    }

    /** The number of replies that the model had to give so far. */
    public int replies() {
        return known.size();
    }

    /**
     * The answers, in the order of the questions.
     *
     * @throws IllegalStateException if a task runs Python and has no sandbox
     */
    public List<Answer> ask(List<Question> questions, Progress progress) {
        Map<Question, PendingGeneration> pending = new LinkedHashMap<>();
        for (Question question : questions) {
            if (!known.containsKey(question)) {
                pending.computeIfAbsent(question, this::submit);
            }
        }
        int replies = 0;
        for (Map.Entry<Question, PendingGeneration> each : pending.entrySet()) {
            known.put(each.getKey(), answer(each.getKey(), each.getValue().await()));
            progress.replied(++replies, pending.size());
        }
        List<Answer> answers = new ArrayList<>();
        questions.forEach(question -> answers.add(known.get(question)));
        return answers;
    }

    /** The answers of one adapter to examples of one task. */
    public List<Answer> ask(Task task, List<Example> examples, Adapter adapter, Progress progress) {
        return ask(Question.all(task, examples, adapter), progress);
    }

    private PendingGeneration submit(Question question) {
        return engine.submit(
                Evaluator.request(engine, question.example().prompt())
                        .withSampling(SamplingOptions.GREEDY)
                        .withAdapter(question.adapter())
                        .withMaxTokens(question.task().replyLimit()),
                null);
    }

    private static Answer answer(Question question, GenerationResult result) {
        Example example = question.example();
        return new Answer(example, result.text(), question.task().isRight(result.text(), example));
    }
}
