package dev.mimic.adapt.evaluation;

import dev.mimic.adapt.task.AnswerCheck;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.PendingGeneration;
import dev.mimic.engine.Score;
import dev.mimic.engine.ScoreRequest;
import dev.mimic.engine.sampling.SamplingOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;

/** Asks a model the examples of a task, many at once, and checks its replies. */
public final class Evaluator {
    private final Engine engine;
    private final SamplingOptions sampling;

    /**
     * Makes an evaluator that asks greedily.
     *
     * @param engine borrowed
     */
    public Evaluator(Engine engine) {
        this(engine, SamplingOptions.GREEDY);
    }

    /**
     * Makes an evaluator.
     *
     * @param engine borrowed
     * @param sampling how tokens are drawn; the i-th of several prompts draws with its seed + i
     */
    public Evaluator(Engine engine, SamplingOptions sampling) {
        this.engine = engine;
        this.sampling = sampling;
    }

    /**
     * Asks all examples of one adapter; each names its own check.
     *
     * @param replyLimit new tokens of a reply at most
     * @param progress hears how many examples are answered
     */
    public List<Answer> ask(List<Example> examples, Adapter adapter, int replyLimit, IntConsumer progress) {
        return ask(examples, _ -> adapter, replyLimit, progress);
    }

    /**
     * Asks each example with an adapter of its own; all in one batch, whatever adapters they carry. Each names its own
     * check.
     *
     * @param adapters from an example to what answers it
     * @param replyLimit new tokens of a reply at most
     * @param progress hears how many examples are answered
     */
    public List<Answer> ask(
            List<Example> examples, Function<Example, Adapter> adapters, int replyLimit, IntConsumer progress) {
        return ask(
                examples,
                i -> adapters.apply(examples.get(i)),
                replyLimit,
                (reply, example) -> AnswerCheck.of(example).isRight(reply, example),
                progress);
    }

    /**
     * Asks the examples of a task, all in one batch, and has the task judge the replies.
     *
     * @param examples that the task has read
     * @param adapters from an example's index to what answers it
     * @param replyLimit new tokens of a reply at most
     * @param progress hears how many examples are answered
     * @throws IllegalStateException if the task runs Python and has no sandbox
     */
    public List<Answer> ask(
            Task task, List<Example> examples, IntFunction<Adapter> adapters, int replyLimit, IntConsumer progress) {
        return ask(examples, adapters, replyLimit, task::isRight, progress);
    }

    private List<Answer> ask(
            List<Example> examples,
            IntFunction<Adapter> adapters,
            int replyLimit,
            BiPredicate<String, Example> check,
            IntConsumer progress) {
        List<String> prompts = examples.stream().map(Example::prompt).toList();
        List<String> replies = replies(prompts, adapters, replyLimit, progress);
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < replies.size(); i++) {
            Example example = examples.get(i);
            answers.add(new Answer(example, replies.get(i), check.test(replies.get(i), example)));
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
        return results(prompts, adapters, replyLimit, progress).stream()
                .map(GenerationResult::text)
                .toList();
    }

    /** As {@link #replies}, with all that is known of each reply. */
    public List<GenerationResult> results(
            List<String> prompts, IntFunction<Adapter> adapters, int replyLimit, IntConsumer progress) {
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            requests.add(request(engine, prompts.get(i))
                    .withSampling(sampling.withSeed(sampling.seed() + i))
                    .withAdapter(adapters.apply(i))
                    .withMaxTokens(replyLimit));
        }
        List<GenerationResult> results = new ArrayList<>();
        for (PendingGeneration each : engine.submitAll(requests)) {
            results.add(each.await());
            progress.accept(results.size());
        }
        return results;
    }

    /**
     * The natural log-likelihoods of the examples' answers as whole replies, each cut where the context ends: of every
     * adapter the sum over the examples. All are scored together.
     *
     * @param answerLimit tokens of an answer that count, at most
     * @return [adapters]
     */
    public double[] logLikelihoods(List<Example> examples, List<Adapter> adapters, int answerLimit) {
        List<ScoreRequest> rows = new ArrayList<>();
        for (Adapter adapter : adapters) {
            for (Example example : examples) {
                int[] prompt = engine.promptIds(request(engine, example.prompt()));
                int[] answer = engine.tokenizer().encode(example.answer(), false);
                int length = Math.min(Math.min(answerLimit, answer.length), engine.contextLength() - prompt.length);
                rows.add(new ScoreRequest(prompt, Arrays.copyOf(answer, length), adapter));
            }
        }
        List<Score> scores = engine.scoreAll(rows);
        double[] sums = new double[adapters.size()];
        for (int i = 0; i < scores.size(); i++) {
            sums[i / examples.size()] += scores.get(i).logprob();
        }
        return sums;
    }

    /**
     * Refuses examples that are longer than the context, which is worth asking before the first reply.
     *
     * @param engine borrowed
     * @param asked from an example to the text that the model is asked
     * @param what that text is called in the message
     * @throws dev.mimic.loader.InvalidModelException naming the first one's file and line, its tokens and the limit
     */
    public static void requireFit(Engine engine, List<Example> examples, Function<Example, String> asked, String what) {
        for (Example example : examples) {
            int tokens = engine.promptLength(request(engine, asked.apply(example)));
            if (tokens > engine.contextLength()) {
                boolean narrowed = engine.contextLength() < engine.config().maxPositions();
                throw example.record()
                        .invalid(
                                what,
                                "it has " + tokens + " tokens, expected at most " + engine.contextLength()
                                        + ", the context length; leave the row out"
                                        + (narrowed ? " or give more with --context" : ""));
            }
        }
    }

    /** The same of examples as they are asked. */
    public static void requireFit(Engine engine, List<Example> examples) {
        requireFit(engine, examples, Example::prompt, "prompt");
    }

    /** How a task's prompt is asked: a user message through the model's chat template, or raw where it has none. */
    public static GenerationRequest request(Engine engine, String prompt) {
        boolean chat = engine.chatTemplate().isPresent();
        return chat
                ? GenerationRequest.ofChat(List.of(Map.of("role", "user", "content", prompt)))
                : GenerationRequest.of(prompt);
    }
}
