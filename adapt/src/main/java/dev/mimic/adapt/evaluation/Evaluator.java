package dev.mimic.adapt.evaluation;

import dev.mimic.adapt.task.AnswerCheck;
import dev.mimic.adapt.task.Example;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.PendingGeneration;
import dev.mimic.engine.sampling.SamplingOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;

/** Asks a model the examples of a task, many at once, and checks its replies. Greedy. */
public final class Evaluator {
    private final Engine engine;

    /**
     * Makes an evaluator.
     *
     * @param engine borrowed
     */
    public Evaluator(Engine engine) {
        this.engine = engine;
    }

    /**
     * Asks all examples of one adapter.
     *
     * @param replyLimit new tokens of a reply at most
     * @param progress hears how many examples are answered
     */
    public List<Answer> ask(List<Example> examples, Adapter adapter, int replyLimit, IntConsumer progress) {
        return ask(examples, _ -> adapter, replyLimit, progress);
    }

    /**
     * Asks each example with an adapter of its own; all in one batch, whatever adapters they carry.
     *
     * @param adapters from an example to what answers it
     * @param replyLimit new tokens of a reply at most
     * @param progress hears how many examples are answered
     */
    public List<Answer> ask(
            List<Example> examples, Function<Example, Adapter> adapters, int replyLimit, IntConsumer progress) {
        List<String> replies = replies(
                examples.stream().map(Example::prompt).toList(),
                i -> adapters.apply(examples.get(i)),
                replyLimit,
                progress);
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < replies.size(); i++) {
            Example example = examples.get(i);
            answers.add(
                    new Answer(example, replies.get(i), AnswerCheck.of(example).isRight(replies.get(i), example)));
        }
        return answers;
    }

    /**
     * Replies to prompts, all in one batch.
     *
     * @param adapters from a prompt's index to what answers it
     * @param replyLimit new tokens of a reply at most
     * @param progress hears how many prompts are answered
     */
    public List<String> replies(
            List<String> prompts, IntFunction<Adapter> adapters, int replyLimit, IntConsumer progress) {
        List<PendingGeneration> pending = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            GenerationRequest request =
                    request(engine, prompts.get(i)).withAdapter(adapters.apply(i)).withMaxTokens(replyLimit);
            pending.add(engine.submit(request, null));
        }
        List<String> replies = new ArrayList<>();
        for (PendingGeneration each : pending) {
            replies.add(each.await().text());
            progress.accept(replies.size());
        }
        return replies;
    }

    /**
     * How a task's prompt is asked: one user message through the model's chat template, or the raw prompt where it has
     * none. Greedy.
     */
    public static GenerationRequest request(Engine engine, String prompt) {
        boolean chat = engine.tokenizer().config().chatTemplate().isPresent();
        GenerationRequest request = chat
                ? GenerationRequest.ofChat(List.of(Map.of("role", "user", "content", prompt)))
                : GenerationRequest.of(prompt);
        return request.withSampling(SamplingOptions.GREEDY);
    }
}
