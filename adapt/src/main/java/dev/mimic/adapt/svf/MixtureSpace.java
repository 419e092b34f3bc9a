package dev.mimic.adapt.svf;

import dev.mimic.adapt.svf.ExpertMixture.Mode;
import dev.mimic.adapt.svf.ExpertMixture.Part;
import dev.mimic.engine.model.Factors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * All mixtures of some experts: a vector alpha [groups, experts] chooses one. A group is the whole model, or each layer
 * that an expert adapts. What does not depend on alpha is computed once.
 */
public final class MixtureSpace {
    private static final Pattern LAYER = Pattern.compile("model\\.layers\\.([0-9]{1,6})\\..*");

    private final Mode mode;
    private final List<Expert> experts;
    private final Map<String, float[]> sigma = new TreeMap<>();
    private final Map<String, Integer> groupOf = new TreeMap<>();
    private final List<Integer> layers;

    /**
     * The mixtures of some experts.
     *
     * @param experts at least one; checked against the factors by the caller
     * @param perLayer whether each layer has an alpha of its own
     * @throws dev.mimic.loader.InvalidModelException in one line, if an expert does not fit the factors
     */
    public MixtureSpace(Mode mode, List<Expert> experts, Factors factors, boolean perLayer) {
        this.mode = mode;
        // raw mixing needs the vectors as they stand
        this.experts = mode == Mode.SAKANA_RAW
                ? List.copyOf(experts)
                : experts.stream().map(expert -> expert.plain(factors)).toList();
        ExpertMixture one = mixture(new double[experts.size()], 0);
        one.check(factors, true, _ -> {});
        TreeSet<Integer> found = new TreeSet<>();
        for (String weight : one.weights()) {
            sigma.put(weight, factors.factor(weight).orElseThrow().sigma());
            found.add(layer(weight));
        }
        this.layers = perLayer ? List.copyOf(found) : List.of();
        for (String weight : sigma.keySet()) {
            groupOf.put(weight, perLayer ? layers.indexOf(layer(weight)) : 0);
        }
    }

    private static int layer(String weight) {
        Matcher matcher = LAYER.matcher(weight);
        return matcher.matches() ? Integer.parseInt(matcher.group(1)) : -1;
    }

    private ExpertMixture mixture(double[] alpha, int group) {
        List<Part> parts = new ArrayList<>();
        for (int k = 0; k < experts.size(); k++) {
            parts.add(Part.of(experts.get(k), alpha[group * experts.size() + k]));
        }
        return new ExpertMixture(mode, parts);
    }

    /** Groups, each with a weight for every expert. */
    public int groups() {
        return Math.max(1, layers.size());
    }

    /** The layers that the groups stand for, ascending; none if the whole model is one group. */
    public List<Integer> layers() {
        return layers;
    }

    /** Length of alpha. */
    public int dimensions() {
        return groups() * experts.size();
    }

    /**
     * The multipliers of a mixture.
     *
     * @param alpha [groups, experts]
     * @return by whole weight name, each [rank held]
     * @throws IllegalArgumentException if this mixture has no value
     */
    public Map<String, float[]> scaling(double[] alpha) {
        if (alpha.length != dimensions()) {
            throw new IllegalArgumentException("mix: alpha has length " + alpha.length + ", expected " + dimensions());
        }
        List<ExpertMixture> mixtures = new ArrayList<>();
        for (int group = 0; group < groups(); group++) {
            mixtures.add(mixture(alpha, group));
        }
        Map<String, float[]> scaling = new TreeMap<>();
        sigma.forEach((weight, values) ->
                scaling.put(weight, mixtures.get(groupOf.get(weight)).z(weight, values)));
        return scaling;
    }
}
