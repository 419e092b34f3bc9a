package dev.mimic.adapt.svf;

import dev.mimic.engine.model.Factors;
import dev.mimic.loader.InvalidModelException;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Experts with weights. What comes out is one z for each weight of the model that at least one of them adapts.
 *
 * @param mode how they are combined
 * @param parts at least one
 */
public record ExpertMixture(Mode mode, List<Part> parts) {
    /** How experts are combined. */
    public enum Mode {
        /** {@code z = 1 + Σ alpha (z_k - 1)}: the base model has what is left of the weights. */
        DELTA,
        /** {@code z = Σ alpha z_k}, the paper's formula as it stands. */
        SUM,
        /**
         * The authors' few-shot code: {@code m = Σ alpha p_k}, alpha divided by their sum, without the sigmoid, then
         * {@code z = m·S/Sm}. The vectors are taken as they stand in the files, whatever they say they are.
         */
        SAKANA_RAW;

        /** The name on the command line. */
        public String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /**
         * The mode of a name.
         *
         * @throws IllegalArgumentException if there is none
         */
        public static Mode of(String text) {
            for (Mode mode : values()) {
                if (mode.text().equals(text)) {
                    return mode;
                }
            }
            throw new IllegalArgumentException("mix: '" + text + "', expected delta, sum or sakana-raw");
        }
    }

    /**
     * An expert, or the base model, with a weight.
     *
     * @param expert empty for the base model, whose z is 1
     * @param alpha any finite number, 1 for the expert as it is
     */
    public record Part(Optional<Expert> expert, double alpha) {
        public Part {
            if (!Double.isFinite(alpha)) {
                throw new IllegalArgumentException("mix: weight is " + alpha + ", expected a finite number");
            }
        }

        /** An expert with a weight. */
        public static Part of(Expert expert, double alpha) {
            return new Part(Optional.of(expert), alpha);
        }

        /** The base model with a weight. */
        public static Part base(double alpha) {
            return new Part(Optional.empty(), alpha);
        }
    }

    public ExpertMixture {
        parts = List.copyOf(parts);
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("mix: no expert, expected at least one");
        }
        if (mode == Mode.SAKANA_RAW
                && parts.stream().anyMatch(part -> part.expert().isEmpty())) {
            throw new IllegalArgumentException("mix: the base model has no raw parameters, expected experts only");
        }
    }

    /** One expert as it is. */
    public static ExpertMixture of(Expert expert) {
        return new ExpertMixture(Mode.DELTA, List.of(Part.of(expert, 1)));
    }

    /** Whole names of the weights that are adapted, sorted. */
    public SortedSet<String> weights() {
        SortedSet<String> names = new TreeSet<>();
        parts.forEach(part ->
                part.expert().ifPresent(expert -> names.addAll(expert.vectors().keySet())));
        return Collections.unmodifiableSortedSet(names);
    }

    /**
     * Checks every expert against what it is used with; see {@link Expert#check}.
     *
     * @throws InvalidModelException in one line
     */
    public void check(Factors factors, boolean transfer, Consumer<String> notes) {
        parts.forEach(part -> part.expert().ifPresent(expert -> expert.check(factors, transfer, notes)));
    }

    /**
     * The multipliers of all adapted weights.
     *
     * @param factors those in use
     * @return by whole weight name, each [rank held]
     * @throws InvalidModelException in one line, if an expert does not fit or the mixture has no value
     */
    public Map<String, float[]> scaling(Factors factors) {
        Map<String, float[]> scaling = new TreeMap<>();
        for (String weight : weights()) {
            float[] sigma = factors.factor(weight)
                    .orElseThrow(() -> new InvalidModelException(
                            holder(weight),
                            "tensor '" + weight + "': the factors hold no such weight, expected one of" + " theirs"))
                    .sigma();
            scaling.put(weight, z(weight, sigma));
        }
        return scaling;
    }

    private String holder(String weight) {
        return parts.stream()
                .flatMap(part -> part.expert().stream())
                .filter(expert -> expert.vectors().containsKey(weight))
                .map(Expert::name)
                .findFirst()
                .orElse("mix");
    }

    /**
     * The multipliers of one weight.
     *
     * @param sigma [rank held]
     * @return z [rank held]
     */
    float[] z(String weight, float[] sigma) {
        if (mode == Mode.SAKANA_RAW) {
            return raw(weight, sigma);
        }
        if (parts.size() == 1
                && parts.getFirst().alpha() == 1
                && parts.getFirst().expert().isPresent()) {
            return parts.getFirst().expert().get().z(weight, sigma); // not one rounding away from it
        }
        double[] sum = new double[sigma.length];
        double own = mode == Mode.DELTA ? 1 : 0;
        for (Part part : parts) {
            float[] z = part.expert().map(expert -> expert.z(weight, sigma)).orElse(null);
            for (int i = 0; i < sum.length; i++) {
                sum[i] += part.alpha() * ((z == null ? 1 : z[i]) - own);
            }
        }
        float[] mixed = new float[sum.length];
        for (int i = 0; i < sum.length; i++) {
            mixed[i] = (float) (sum[i] + own);
        }
        return mixed;
    }

    private float[] raw(String weight, float[] sigma) {
        double total = parts.stream().mapToDouble(Part::alpha).sum();
        if (!(total > 0)) {
            throw new IllegalArgumentException("mix: the weights add up to " + total + ", expected above 0");
        }
        double[] m = new double[sigma.length];
        for (Part part : parts) {
            Expert expert = part.expert().orElseThrow();
            float[] stored = expert.vectors().get(weight);
            if (stored == null) {
                throw new InvalidModelException(
                        expert.name(), "tensor '" + weight + "': missing, sakana-raw needs it of every expert");
            }
            expert.checkLength(weight, sigma.length);
            for (int i = 0; i < m.length; i++) {
                m[i] += part.alpha() / total * stored[i];
            }
        }
        try {
            return Parametrisation.normalised(m, sigma);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("mix: weight '" + weight + "': " + e.getMessage());
        }
    }
}
