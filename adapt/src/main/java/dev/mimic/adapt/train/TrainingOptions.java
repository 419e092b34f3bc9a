package dev.mimic.adapt.train;

import dev.mimic.adapt.gradient.KlForm;
import dev.mimic.adapt.gradient.Objective;
import dev.mimic.adapt.gradient.TrainingPass;
import dev.mimic.adapt.lora.LowRankSettings;
import dev.mimic.adapt.svf.Parametrisation;
import dev.mimic.adapt.svf.Targets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How an expert is trained. Begin with {@link #DEFAULTS} or {@link #BUNDLED}; every {@code with…} method gives a changed
 * copy.
 *
 * @param goal what is maximised
 * @param targets the weights that are trained
 * @param parametrisation what is trained: z itself, or p as in the authors' code
 * @param maxMult the largest multiplier of the authors' parametrisation
 * @param steps updates
 * @param batch replies of a step: prompts times samples
 * @param samples replies to each prompt
 * @param learningRate of the first step
 * @param schedule how the learning rate falls
 * @param finalShare share of the learning rate that it falls towards
 * @param weightDecay decoupled weight decay of AdamW; 0 is Adam
 * @param clip largest norm of a step's gradient; 0 for no limit
 * @param divergence how far from the base model is measured, and its weight
 * @param meanBaseline whether the mean reward of the step is taken from each reward
 * @param normalise whether advantages are divided by the standard deviation of the step's rewards
 * @param stopToken whether the stop token that ended a reply is part of it
 * @param temperature of the replies; 0 is greedy
 * @param replyLimit new tokens of a reply at most; 0 for what the task says
 * @param validateEvery steps between two validations
 * @param patience validations without a better result after which training stops; 0 never stops early
 * @param seed of data order, replies and start
 * @param memory bytes for activations
 * @param lowRank LoRA instead of scales of singular values; empty for these
 */
public record TrainingOptions(
        Goal goal,
        Targets targets,
        Parametrisation parametrisation,
        double maxMult,
        int steps,
        int batch,
        int samples,
        double learningRate,
        Schedule schedule,
        double finalShare,
        double weightDecay,
        double clip,
        Objective divergence,
        boolean meanBaseline,
        boolean normalise,
        boolean stopToken,
        float temperature,
        int replyLimit,
        int validateEvery,
        int patience,
        long seed,
        long memory,
        Optional<LowRankSettings> lowRank) {

    /** Those of the paper (Sun et al. 2025); it gives no number of steps. */
    public static final TrainingOptions DEFAULTS = new TrainingOptions(
            Goal.REINFORCE,
            new Targets("mlp"),
            Parametrisation.PLAIN,
            1,
            100,
            256,
            1,
            2e-3,
            Schedule.COSINE,
            0,
            0,
            1e-3,
            new Objective(0, KlForm.CODE),
            true,
            false,
            true,
            1,
            0,
            5,
            0,
            1,
            TrainingPass.DEFAULT_MEMORY,
            Optional.empty());

    /** Those of the bundled model's own experts (docs/bundled-model.md, "Experts"). */
    public static final TrainingOptions BUNDLED = DEFAULTS.withTargets(new Targets("all"))
            .withSteps(40)
            .withBatch(64)
            .withLearningRate(2e-2)
            .withSchedule(Schedule.LINEAR)
            .withFinalShare(0.1)
            .withClip(1);

    /**
     * Checks every field.
     *
     * @throws IllegalArgumentException naming the field, its range and the value
     */
    public TrainingOptions {
        require(maxMult > 0 && Double.isFinite(maxMult), "max mult", maxMult, "more than 0");
        require(steps >= 1, "steps", steps, "at least 1");
        require(samples >= 1, "samples", samples, "at least 1");
        require(batch >= 1, "batch", batch, "at least 1");
        require(batch % samples == 0, "batch", batch, "a multiple of the samples of a prompt, " + samples);
        require(learningRate > 0 && Double.isFinite(learningRate), "learning rate", learningRate, "more than 0");
        require(finalShare >= 0 && finalShare <= 1, "final learning rate", finalShare, "a share from 0 to 1");
        require(weightDecay >= 0 && Double.isFinite(weightDecay), "weight decay", weightDecay, "0 or more");
        require(clip >= 0 && Double.isFinite(clip), "clip", clip, "0 or more");
        require(temperature >= 0 && Float.isFinite(temperature), "temperature", temperature, "0 or more");
        require(replyLimit >= 0, "max tokens", replyLimit, "at least 1, or 0 for the task's own limit");
        require(validateEvery >= 1, "validate-every", validateEvery, "at least 1");
        require(patience >= 0, "patience", patience, "0 or more");
        require(memory >= 1 << 20, "memory", memory, "at least 1048576 bytes");
        if (lowRank.isPresent() && parametrisation != Parametrisation.PLAIN) {
            throw new IllegalArgumentException("train: parametrisation is " + parametrisation.text()
                    + ", expected none with lora, which has no singular values");
        }
    }

    private static void require(boolean holds, String name, Number value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException("train: " + name + " is " + value + ", expected " + expected);
        }
    }

    /** Prompts of a step. */
    public int prompts() {
        return batch / samples;
    }

    /** Everything that the result depends on, by name; a checkpoint is resumed only where it is the same. */
    public Map<String, Object> asMap() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("objective", goal.text());
        all.put("targets", targets.text());
        if (lowRank.isPresent()) {
            all.put("method", "lora");
            all.put("rank", lowRank.get().rank());
            all.put("alpha", lowRank.get().alpha());
            all.put("dropout", lowRank.get().dropout());
        } else {
            all.put("parametrisation", parametrisation.text());
            all.put("max-mult", maxMult);
        }
        all.put("steps", steps);
        all.put("batch", batch);
        all.put("samples", samples);
        all.put("lr", learningRate);
        all.put("schedule", schedule.text());
        all.put("final-lr", finalShare);
        all.put("weight-decay", weightDecay);
        all.put("clip", clip);
        all.put("kl", divergence.klForm().text());
        all.put("kl-weight", divergence.klWeight());
        all.put("mean-baseline", meanBaseline);
        all.put("normalise-advantage", normalise);
        all.put("stop-token", stopToken);
        all.put("temperature", (double) temperature);
        all.put("max-tokens", replyLimit);
        all.put("validate-every", validateEvery);
        all.put("patience", patience);
        all.put("seed", seed);
        all.put("memory", memory);
        return all;
    }

    public TrainingOptions withGoal(Goal value) {
        return change(c -> c.goal = value);
    }

    public TrainingOptions withTargets(Targets value) {
        return change(c -> c.targets = value);
    }

    public TrainingOptions withParametrisation(Parametrisation value) {
        return change(c -> c.parametrisation = value);
    }

    public TrainingOptions withMaxMult(double value) {
        return change(c -> c.maxMult = value);
    }

    public TrainingOptions withSteps(int value) {
        return change(c -> c.steps = value);
    }

    public TrainingOptions withBatch(int value) {
        return change(c -> c.batch = value);
    }

    public TrainingOptions withSamples(int value) {
        return change(c -> c.samples = value);
    }

    public TrainingOptions withLearningRate(double value) {
        return change(c -> c.learningRate = value);
    }

    public TrainingOptions withSchedule(Schedule value) {
        return change(c -> c.schedule = value);
    }

    public TrainingOptions withFinalShare(double value) {
        return change(c -> c.finalShare = value);
    }

    public TrainingOptions withWeightDecay(double value) {
        return change(c -> c.weightDecay = value);
    }

    public TrainingOptions withClip(double value) {
        return change(c -> c.clip = value);
    }

    public TrainingOptions withDivergence(Objective value) {
        return change(c -> c.divergence = value);
    }

    public TrainingOptions withMeanBaseline(boolean value) {
        return change(c -> c.meanBaseline = value);
    }

    public TrainingOptions withNormalise(boolean value) {
        return change(c -> c.normalise = value);
    }

    public TrainingOptions withStopToken(boolean value) {
        return change(c -> c.stopToken = value);
    }

    public TrainingOptions withTemperature(float value) {
        return change(c -> c.temperature = value);
    }

    public TrainingOptions withReplyLimit(int value) {
        return change(c -> c.replyLimit = value);
    }

    public TrainingOptions withValidateEvery(int value) {
        return change(c -> c.validateEvery = value);
    }

    public TrainingOptions withPatience(int value) {
        return change(c -> c.patience = value);
    }

    public TrainingOptions withSeed(long value) {
        return change(c -> c.seed = value);
    }

    public TrainingOptions withMemory(long value) {
        return change(c -> c.memory = value);
    }

    /** LoRA instead of scales of singular values. */
    public TrainingOptions withLowRank(LowRankSettings value) {
        return change(c -> c.lowRank = Optional.of(value));
    }

    private TrainingOptions change(Consumer<Changed> change) {
        Changed changed = new Changed(this);
        change.accept(changed);
        return changed.options();
    }

    /** The fields of a copy, open for a change. */
    private static final class Changed {
        private Goal goal;
        private Targets targets;
        private Parametrisation parametrisation;
        private double maxMult;
        private int steps;
        private int batch;
        private int samples;
        private double learningRate;
        private Schedule schedule;
        private double finalShare;
        private double weightDecay;
        private double clip;
        private Objective divergence;
        private boolean meanBaseline;
        private boolean normalise;
        private boolean stopToken;
        private float temperature;
        private int replyLimit;
        private int validateEvery;
        private int patience;
        private long seed;
        private long memory;
        private Optional<LowRankSettings> lowRank;

        Changed(TrainingOptions from) {
            goal = from.goal;
            targets = from.targets;
            parametrisation = from.parametrisation;
            maxMult = from.maxMult;
            steps = from.steps;
            batch = from.batch;
            samples = from.samples;
            learningRate = from.learningRate;
            schedule = from.schedule;
            finalShare = from.finalShare;
            weightDecay = from.weightDecay;
            clip = from.clip;
            divergence = from.divergence;
            meanBaseline = from.meanBaseline;
            normalise = from.normalise;
            stopToken = from.stopToken;
            temperature = from.temperature;
            replyLimit = from.replyLimit;
            validateEvery = from.validateEvery;
            patience = from.patience;
            seed = from.seed;
            memory = from.memory;
            lowRank = from.lowRank;
        }

        TrainingOptions options() {
            return new TrainingOptions(
                    goal,
                    targets,
                    parametrisation,
                    maxMult,
                    steps,
                    batch,
                    samples,
                    learningRate,
                    schedule,
                    finalShare,
                    weightDecay,
                    clip,
                    divergence,
                    meanBaseline,
                    normalise,
                    stopToken,
                    temperature,
                    replyLimit,
                    validateEvery,
                    patience,
                    seed,
                    memory,
                    lowRank);
        }
    }
}
