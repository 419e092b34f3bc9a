package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.gradient.KlForm;
import dev.mimic.adapt.gradient.Objective;
import dev.mimic.adapt.lora.LowRankSettings;
import dev.mimic.adapt.svf.Parametrisation;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.adapt.train.Goal;
import dev.mimic.adapt.train.Schedule;
import dev.mimic.adapt.train.TrainingOptions;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options of training; what is not given is the default of the model. */
final class TrainingFlags implements CheckedOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--rank", paramLabel = "R", description = "Of lora: rows of A, columns of B (default: 8).")
    private Integer rank;

    @Option(names = "--alpha", paramLabel = "A", description = "Of lora: B A counts alpha / rank times (default: 8).")
    private Double alpha;

    @Option(
            names = "--dropout",
            paramLabel = "P",
            description = "Of lora: share of its inputs that is left out in training (default: 0).")
    private Double dropout;

    @Option(names = "--objective", paramLabel = "O", description = "reinforce (default) or next-token.")
    private String objective;

    @Option(
            names = "--targets",
            paramLabel = "T",
            description = {
                "mlp (default; for `bundled` all), attention, all, or patterns of weight names, with * for any text and",
                "15-29 for these layers: model.layers.15-29.mlp.*"
            })
    private String targets;

    @Option(
            names = "--parametrisation",
            paramLabel = "P",
            description = "plain: trains z (default); sakana: as the authors' code, mlp matrices only.")
    private Parametrisation parametrisation;

    @Option(
            names = "--max-mult",
            paramLabel = "M",
            description = "Largest multiplier of the sakana parametrisation (default: 1).")
    private Double maxMult;

    @Option(names = "--steps", paramLabel = "N", description = "Updates (default: 100; for `bundled` 40).")
    private Integer steps;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Replies of a step, prompts times samples (default: 256; for `bundled` 64).")
    private Integer batch;

    @Option(names = "--samples", paramLabel = "N", description = "Replies to each prompt (default: 1).")
    private Integer samples;

    @Option(names = "--lr", paramLabel = "R", description = "Learning rate (default: 2e-3; for `bundled` 2e-2).")
    private Double rate;

    @Option(
            names = "--schedule",
            paramLabel = "S",
            description = "constant, linear or cosine (default; for `bundled` linear).")
    private Schedule schedule;

    @Option(
            names = "--final-lr",
            paramLabel = "SHARE",
            description = "Share of --lr that it falls towards (default: 0; for `bundled` 0.1).")
    private Double finalShare;

    @Option(names = "--weight-decay", paramLabel = "W", description = "Decoupled weight decay (default: 0).")
    private Double weightDecay;

    @Option(
            names = "--clip",
            paramLabel = "C",
            description = "Largest norm of a gradient; 0 for none (default: 1e-3; for `bundled` 1).")
    private Double clip;

    @Option(
            names = "--kl",
            paramLabel = "FORM",
            description = "code: sum p_ref log(p_ref/p), the default; paper: sum p log(p/p_ref); k3: sampled.")
    private KlForm kl;

    @Option(names = "--kl-weight", paramLabel = "L", description = "Weight of the divergence (default: 0).")
    private Double klWeight;

    @Option(names = "--baseline", paramLabel = "B", description = "mean of the step's rewards (default) or none.")
    private Baseline baseline;

    @Option(
            names = "--normalise-advantage",
            description = "Divide advantages by the standard deviation of the rewards.")
    private boolean normalise;

    @Option(names = "--no-eos", description = "Leave the stop token out of a reply's likelihood.")
    private boolean noEos;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            description = "Of the replies that are learned from (default: 1).")
    private Float temperature;

    @Option(names = "--max-tokens", paramLabel = "N", description = "New tokens of a reply (default: the task's).")
    private Integer maxTokens;

    @Option(names = "--validate-every", paramLabel = "N", description = "Steps between validations (default: 5).")
    private Integer validateEvery;

    @Option(
            names = "--patience",
            paramLabel = "N",
            description = "Stop after N validations without a better one (default: never).")
    private Integer patience;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of data order, replies and start (default: 1).")
    private Long seed;

    @Option(names = "--memory", paramLabel = "BYTES", description = "For activations (default: 1073741824).")
    private Long memory;

    /** What is trained. */
    enum Method {
        SVF,
        LORA;

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What is taken from each reward. */
    enum Baseline {
        MEAN,
        NONE
    }

    /**
     * Refuses what belongs to the other method.
     *
     * @throws ParameterException naming the option
     */
    void checkMethod(CommandSpec spec, Method method) {
        if (method == Method.LORA) {
            refuse(spec, method, "--parametrisation", parametrisation, "svf");
            refuse(spec, method, "--max-mult", maxMult, "svf");
        } else {
            refuse(spec, method, "--rank", rank, "lora");
            refuse(spec, method, "--alpha", alpha, "lora");
            refuse(spec, method, "--dropout", dropout, "lora");
        }
    }

    private static void refuse(CommandSpec spec, Method method, String option, Object given, String owner) {
        if (given != null) {
            throw new ParameterException(
                    spec.commandLine(),
                    option + " belongs to --method " + owner + ", expected none with " + method.text());
        }
    }

    private LowRankSettings lowRank(String model) {
        LowRankSettings base = LowRankSettings.DEFAULTS;
        return new LowRankSettings(or(rank, base.rank()), or(alpha, base.alpha()), or(dropout, base.dropout()), model);
    }

    @Override
    public void check() {
        String model = command.positionalParameters().getFirst().getValue();
        for (Method method : Method.values()) {
            options(method, model, model.equals(BundledModel.NAME));
        }
    }

    /**
     * The options.
     *
     * @param method what is trained; what belongs to the other has no meaning
     * @param model its name on the command line
     * @throws IllegalArgumentException naming the first that is out of its range
     */
    TrainingOptions options(Method method, String model, boolean bundled) {
        boolean lora = method == Method.LORA;
        boolean sakana = !lora && parametrisation == Parametrisation.SAKANA;
        if (sakana && List.of("attention", "all").contains(targets == null ? "" : targets.strip())) {
            throw new IllegalArgumentException(
                    "--parametrisation sakana scales mlp matrices only, expected --targets mlp, got " + targets);
        }
        TrainingOptions base = bundled ? TrainingOptions.BUNDLED : TrainingOptions.DEFAULTS;
        return new TrainingOptions(
                objective == null ? base.goal() : Goal.of(objective),
                targets == null ? (sakana ? new Targets("mlp") : base.targets()) : new Targets(targets),
                lora ? Parametrisation.PLAIN : or(parametrisation, base.parametrisation()),
                or(maxMult, base.maxMult()),
                or(steps, base.steps()),
                or(batch, base.batch()),
                or(samples, base.samples()),
                or(rate, base.learningRate()),
                or(schedule, base.schedule()),
                or(finalShare, base.finalShare()),
                or(weightDecay, base.weightDecay()),
                or(clip, base.clip()),
                new Objective(
                        or(klWeight, base.divergence().klWeight()),
                        or(kl, base.divergence().klForm())),
                baseline == null ? base.meanBaseline() : baseline == Baseline.MEAN,
                normalise || base.normalise(),
                !noEos && base.stopToken(),
                or(temperature, base.temperature()),
                or(maxTokens, base.replyLimit()),
                or(validateEvery, base.validateEvery()),
                or(patience, base.patience()),
                or(seed, base.seed()),
                or(memory, base.memory()),
                lora ? Optional.of(lowRank(model)) : Optional.empty());
    }

    private static <T> T or(T given, T otherwise) {
        return given == null ? otherwise : given;
    }
}
