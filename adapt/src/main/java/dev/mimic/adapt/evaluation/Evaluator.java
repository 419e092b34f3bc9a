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
        List<PendingGeneration> pending = new ArrayList<>();
        for (Example example : examples) {
            pending.add(engine.submit(
                    request(example.prompt())
                            .withAdapter(adapters.apply(example))
                            .withMaxTokens(replyLimit),
                    null));
        }
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < pending.size(); i++) {
            Example example = examples.get(i);
            String reply = pending.get(i).await().text();
            answers.add(new Answer(example, reply, AnswerCheck.of(example).isRight(reply, example)));
            progress.accept(i + 1);
        }
        return answers;
    }

    /** One user message through the model's chat template, or the raw prompt where it has none. */
    private GenerationRequest request(String prompt) {
        boolean chat = engine.tokenizer().config().chatTemplate().isPresent();
        GenerationRequest request = chat
                ? GenerationRequest.ofChat(List.of(Map.of("role", "user", "content", prompt)))
                : GenerationRequest.of(prompt);
        return request.withSampling(SamplingOptions.GREEDY);
    }
}
