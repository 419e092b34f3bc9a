package dev.mimic.adapt.train;

import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.sampling.SamplingOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Asks the model as it stands: replies to learn from, and greedy replies to validate by. All rows go in one batch. */
final class Rollouts {
    private static final int NO_STOP = -1;

    private final Engine engine;
    private final Task task;
    private final TrainingOptions options;
    private final Draws draws;
    private final int replyLimit;
    private final Map<String, int[]> prompts = new HashMap<>();

    Rollouts(Engine engine, Task task, TrainingOptions options, Draws draws) {
        this.engine = engine;
        this.task = task;
        this.options = options;
        this.draws = draws;
        this.replyLimit = options.replyLimit() > 0 ? options.replyLimit() : task.replyLimit();
    }

    int replyLimit() {
        return replyLimit;
    }

    /** The examples of a step, one for each prompt. */
    List<Example> examples(int step, List<Example> data) {
        long first = (long) (step - 1) * options.prompts();
        return IntStream.range(0, options.prompts())
                .mapToObj(i -> data.get(draws.example(first + i, data.size())))
                .toList();
    }

    /** Sampled replies to the examples of a step, checked. */
    List<Rollout> sampled(int step, List<Example> examples, Adapter adapter, Trainee trainee) {
        List<GenerationRequest> requests = new ArrayList<>();
        for (int row = 0; row < options.batch(); row++) {
            requests.add(request(examples.get(row / options.samples()))
                    .withSampling(SamplingOptions.GREEDY
                            .withTemperature(options.temperature())
                            .withSeed(draws.reply(step, row))));
        }
        List<GenerationResult> results = trainee.generate(adapter, requests);
        List<Rollout> rollouts = new ArrayList<>();
        for (int row = 0; row < results.size(); row++) {
            rollouts.add(rollout(results.get(row), examples.get(row / options.samples())));
        }
        return rollouts;
    }

    private GenerationRequest request(Example example) {
        return GenerationRequest.ofIds(promptIds(example))
                .withSampling(SamplingOptions.GREEDY)
                .withMaxTokens(replyLimit);
    }

    /** A prompt comes again with every pass through the data: its text is encoded once. */
    private int[] promptIds(Example example) {
        return prompts.computeIfAbsent(example.prompt(), prompt -> engine.promptIds(Evaluator.request(engine, prompt)));
    }

    private Rollout rollout(GenerationResult result, Example example) {
        int stop = result.stopId().orElse(NO_STOP);
        int[] completion = completion(result.promptIds(), result.ids(), options.stopToken() ? stop : NO_STOP);
        double reward = task.isRight(result.text(), example) ? 1 : -1;
        return new Rollout(result.promptIds(), completion, reward, result.ids().length + (stop == NO_STOP ? 0 : 1));
    }

    /** The tokens of a reply and of its stop, cut where the context ends. */
    private int[] completion(int[] prompt, int[] ids, int stop) {
        int[] all = stop == NO_STOP ? ids : Arrays.copyOf(ids, ids.length + 1);
        if (stop != NO_STOP) {
            all[ids.length] = stop;
        }
        int room = Math.max(0, engine.contextLength() - prompt.length);
        return all.length <= room ? all : Arrays.copyOf(all, room);
    }

    /** The given replies of examples, to be imitated. */
    List<Rollout> given(List<Example> examples) {
        int stop = options.stopToken()
                ? Stream.of(engine.generationConfig().eosIds(), engine.config().eosIds())
                        .flatMap(List::stream)
                        .findFirst()
                        .orElse(NO_STOP)
                : NO_STOP;
        List<Rollout> rollouts = new ArrayList<>();
        for (Example example : examples) {
            int[] prompt = promptIds(example);
            int[] ids = engine.tokenizer().encode(GivenReply.of(example), false);
            int[] completion = completion(prompt, ids, stop);
            rollouts.add(new Rollout(prompt, completion, 1, completion.length));
        }
        return rollouts;
    }

    /** How many examples are answered right, greedily. */
    Accuracy accuracy(List<Example> examples, Adapter adapter) {
        List<GenerationResult> results = engine.generateAll(examples.stream()
                .map(example -> request(example).withAdapter(adapter))
                .toList());
        int right = 0;
        for (int i = 0; i < results.size(); i++) {
            right += task.isRight(results.get(i).text(), examples.get(i)) ? 1 : 0;
        }
        return new Accuracy(right, results.size());
    }
}
