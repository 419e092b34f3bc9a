package dev.mimic.adapt.train;

import dev.mimic.adapt.gradient.Adam;
import dev.mimic.adapt.gradient.Objective;
import dev.mimic.adapt.gradient.TrainedParameters;
import dev.mimic.adapt.gradient.TrainingResult;
import dev.mimic.adapt.gradient.TrainingSequence;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.loader.json.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Trains an expert or a LoRA adapter: REINFORCE on its own sampled replies (Sun et al. 2025, section 3.2), or next-token
 * training on given ones. Replies and validation run in the engine's batch, gradients through its decoder; the weights are
 * never written. The same settings give the same result bit for bit, whether or not training was broken off and resumed.
 * Serves one calling thread.
 */
public final class Trainer implements AutoCloseable {
    /** A state this old is written even where no validation is due. */
    private static final long OLDEST_STATE = 10_000_000_000L;

    /** The text of what was trained, in its file, that holds {@link TrainingOptions#asMap} as JSON. */
    public static final String SETTINGS = "settings";

    private final Task task;
    private final TrainingOptions options;
    private final TrainingData data;
    private final Draws draws;
    private final Rollouts rollouts;
    private final Trainee trainee;
    private final TrainedParameters parameters;

    /**
     * Prepares training.
     *
     * @param engine with factors of all targets, for LoRA also without; borrowed
     * @param task how replies are checked; with a sandbox if it runs Python
     * @throws IllegalArgumentException if the engine has no factors, or not of all targets
     * @throws dev.mimic.loader.InvalidModelException if the engine's model is quantized, or a prompt longer than the
     *     context
     */
    public Trainer(Engine engine, Task task, TrainingOptions options, TrainingData data) {
        engine.requirePlain("train");
        data.requireFit(engine);
        this.task = task;
        this.options = options;
        this.data = data;
        draws = new Draws(options.seed());
        rollouts = new Rollouts(engine, task, options, draws);
        trainee = Trainee.of(engine, options);
        parameters = trainee.parameters();
    }

    /** Trains in memory alone. */
    public TrainingOutcome train(TrainingListener listener) {
        return train(Optional.empty(), listener);
    }

    /**
     * Trains, or goes on where a checkpoint stands.
     *
     * @throws dev.mimic.loader.InvalidModelException if the checkpoint belongs to an unfinished training of other settings
     */
    public TrainingOutcome train(Checkpoint checkpoint, TrainingListener listener) {
        return train(Optional.of(checkpoint), listener);
    }

    private TrainingOutcome train(Optional<Checkpoint> checkpoint, TrainingListener listener) {
        Map<String, Object> settings = settings();
        TrainingState state = checkpoint
                .flatMap(one -> one.read(settings, parameters.size(), options.weightDecay()))
                .orElseGet(() -> new TrainingState(
                        parameters.initial(draws.start()), new Adam(parameters.size(), options.weightDecay())));
        listener.started(parameters.size(), state.step, options.steps());
        if (state.step == 0 && state.base.isEmpty() && !data.valid().isEmpty()) {
            state.base = Optional.of(rollouts.accuracy(data.valid(), Adapter.NONE));
        }
        state.base.ifPresent(listener::base);
        long written = System.nanoTime();
        while (!finished(state)) {
            listener.step(step(state));
            boolean due = validates(state.step) || System.nanoTime() - written > OLDEST_STATE;
            if (checkpoint.isPresent() && due) {
                checkpoint.get().write(settings, state, finished(state));
                written = System.nanoTime();
            }
        }
        return outcome(state);
    }

    private boolean finished(TrainingState state) {
        return state.step >= options.steps() || (options.patience() > 0 && state.stale >= options.patience());
    }

    private boolean validates(int step) {
        return step % options.validateEvery() == 0 || step == options.steps();
    }

    private TrainingStep step(TrainingState state) {
        long start = System.nanoTime();
        int number = state.step + 1;
        List<Example> examples = rollouts.examples(number, data.train());
        Adapter adapter = parameters.adapter(state.parameters);
        boolean rewarded = options.goal() == Goal.REINFORCE;
        List<Rollout> replies =
                rewarded ? rollouts.sampled(number, examples, adapter, trainee) : rollouts.given(examples);
        double rolloutSeconds = (System.nanoTime() - start) / 1e9;
        List<TrainingSequence> sequences = rewarded ? reinforce(replies) : nextToken(replies);
        Objective divergence = rewarded ? options.divergence() : Objective.PLAIN;
        TrainingResult result = gradient(adapter, draws.dropout(number), sequences, divergence);
        double[] gradient = result.gradient().isEmpty()
                ? new double[parameters.size()]
                : parameters.gradient(state.parameters, result.gradient());
        double norm = Adam.clip(gradient, options.clip());
        if (!Double.isFinite(norm)) {
            throw new IllegalStateException("train: the gradient's norm is " + norm + " at step " + number
                    + ", expected a finite number; a smaller --lr may help");
        }
        double rate = options.schedule().rate(options.learningRate(), options.finalShare(), number, options.steps());
        state.adam.step(state.parameters, gradient, rate);
        state.step = number;
        double seconds = (System.nanoTime() - start) / 1e9;
        double reward = Advantages.mean(rewards(replies));
        return new TrainingStep(
                number,
                rate,
                rewarded ? reward : Double.NaN,
                rewarded ? (1 + reward) / 2 : Double.NaN,
                result.loss(),
                divergence.klWeight() > 0 ? Advantages.mean(result.divergences()) : Double.NaN,
                norm,
                replies.stream().mapToLong(Rollout::tokens).sum(),
                seconds,
                rolloutSeconds,
                validate(state));
    }

    private List<TrainingSequence> reinforce(List<Rollout> replies) {
        double[] advantages = Advantages.of(rewards(replies), options.meanBaseline(), options.normalise());
        List<TrainingSequence> sequences = new ArrayList<>();
        for (int i = 0; i < advantages.length; i++) {
            Rollout reply = replies.get(i);
            sequences.add(TrainingSequence.of(reply.prompt(), reply.completion(), advantages[i]));
        }
        return sequences;
    }

    private static List<TrainingSequence> nextToken(List<Rollout> replies) {
        return TrainingSequence.nextToken(replies.stream()
                .map(reply -> TrainingSequence.of(reply.prompt(), reply.completion(), 1))
                .toList());
    }

    private static double[] rewards(List<Rollout> replies) {
        return replies.stream().mapToDouble(Rollout::reward).toArray();
    }

    /** Where all replies are equally good there is nothing to compute. */
    private TrainingResult gradient(
            Adapter adapter, long dropoutKey, List<TrainingSequence> sequences, Objective divergence) {
        boolean nothing = divergence.klWeight() == 0 && sequences.stream().allMatch(one -> one.advantage() == 0);
        return nothing
                ? new TrainingResult(0, new double[0], new double[0], Map.of())
                : trainee.gradient(adapter, dropoutKey, sequences, divergence);
    }

    private Optional<Accuracy> validate(TrainingState state) {
        if (data.valid().isEmpty()) {
            state.keep();
            return Optional.empty();
        }
        if (!validates(state.step)) {
            return Optional.empty();
        }
        Accuracy valid = rollouts.accuracy(data.valid(), parameters.adapter(state.parameters));
        state.validated(valid);
        return Optional.of(valid);
    }

    private TrainingOutcome outcome(TrainingState state) {
        Map<String, String> origin = new LinkedHashMap<>(trainee.fingerprints());
        origin.put("targets", options.targets().text());
        origin.put("task", task.name());
        origin.put("objective", options.goal().text());
        origin.put("seed", String.valueOf(options.seed()));
        origin.put("step", String.valueOf(state.bestStep));
        Map<String, Object> settings = options.asMap();
        settings.remove("memory"); // of the machine, not of what is learned
        origin.put(SETTINGS, Json.write(settings));
        return new TrainingOutcome(
                trainee.trained(state.best, task.name(), origin),
                state.bestStep,
                state.step,
                parameters.size(),
                state.bestValid,
                state.base);
    }

    /** All that the result depends on. */
    private Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>(options.asMap());
        settings.put("max-tokens", rollouts.replyLimit());
        settings.put("task", task.name());
        settings.putAll(trainee.fingerprints());
        settings.put("data", digest(data.train()));
        settings.put("valid", digest(data.valid()));
        return settings;
    }

    private static String digest(List<Example> examples) {
        StringBuilder all = new StringBuilder();
        examples.forEach(example -> all.append(SeenPrompts.hash(example.prompt()))
                .append(SeenPrompts.hash(example.answer()))
                .append(SeenPrompts.hash(GivenReply.of(example))));
        return SeenPrompts.hash(all.toString());
    }

    /** Frees the memory of the backward pass. */
    @Override
    public void close() {
        trainee.close();
    }
}
