package dev.mimic.adapt.search;

import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.MixtureSpace;
import dev.mimic.engine.model.Factors;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** What a few-shot search leaves: an expert that says in its metadata of what it was mixed. */
public final class MixtureExpert {
    private static final String METHOD = "few-shot";

    private MixtureExpert() {}

    /**
     * The expert of a search.
     *
     * @param name for messages
     * @param task the shots' task
     * @param experts names in the search's order, without commas
     */
    public static Expert of(
            FewShotResult found,
            String name,
            String task,
            List<String> experts,
            ExpertMixture.Mode mode,
            FewShotSettings settings,
            Factors factors) {
        Map<String, String> origin = new LinkedHashMap<>();
        origin.put("base", factors.baseFingerprint());
        origin.put("factors", factors.fingerprint());
        origin.put("task", task);
        origin.put("method", METHOD);
        origin.put("mix", mode.text());
        origin.put("experts", String.join(",", experts));
        origin.put("alpha", Json.write(values(found.weights(experts))));
        origin.put("shots", String.valueOf(found.onShots().examples()));
        origin.put("on_shots", String.valueOf(found.onShots().share()));
        origin.putAll(texts(settings));
        return Expert.plain(name, found.scaling().z(), origin);
    }

    /** The settings of a search as the metadata has them. */
    public static Map<String, String> texts(FewShotSettings settings) {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("seed", String.valueOf(settings.seed()));
        texts.put("population", String.valueOf(settings.population()));
        texts.put("elite", String.valueOf(settings.eliteShare()));
        texts.put("generations", String.valueOf(settings.generations()));
        texts.put("range", settings.low() + "," + settings.high());
        texts.put("ema", String.valueOf(settings.ema()));
        texts.put("result", settings.pick().text());
        return texts;
    }

    /** Weights by expert as JSON has them: a number, or a list with one for each layer. */
    public static Map<String, Object> values(Map<String, double[]> weights) {
        Map<String, Object> values = new LinkedHashMap<>();
        weights.forEach((name, alpha) -> {
            List<Double> list = Arrays.stream(alpha).boxed().toList();
            values.put(name, list.size() == 1 ? list.getFirst() : list);
        });
        return values;
    }

    /**
     * The weights of a mixture that was found before, if it is one of these experts as they are now.
     *
     * @param file the mixture's, for messages
     * @param experts by the names that the mixture knows them by
     * @return weights of the experts: one each, or one for each layer
     * @throws InvalidModelException if it was mixed of other experts, or of these before they changed
     */
    public static Map<String, double[]> weights(
            Path file, Expert mixture, Map<String, Expert> experts, ExpertMixture.Mode mode, Factors factors) {
        String names = mixture.origin().getOrDefault("experts", "");
        Map<String, Expert> ordered = new LinkedHashMap<>();
        for (String name : names.split(",", -1)) {
            ordered.put(name, experts.get(name));
        }
        if (!ordered.keySet().equals(experts.keySet())) {
            throw new InvalidModelException(
                    file,
                    "metadata experts: expected " + String.join(",", experts.keySet()) + ", found '" + names
                            + "'; delete it to search anew");
        }
        if (!mode.text().equals(mixture.origin().get("mix"))) {
            throw new InvalidModelException(
                    file,
                    "metadata mix: expected " + mode.text() + ", found "
                            + mixture.origin().get("mix") + "; delete it to search anew");
        }
        String text = mixture.origin().get("alpha");
        if (text == null) {
            throw new InvalidModelException(file, "metadata alpha: missing");
        }
        JsonObject alpha = Json.parseObject(text.getBytes(StandardCharsets.UTF_8), file + ": metadata alpha");
        Map<String, double[]> weights = new LinkedHashMap<>();
        for (String name : ordered.keySet()) {
            weights.put(
                    name,
                    alpha.get(name) instanceof List<?> layers
                            ? layers.stream()
                                    .mapToDouble(value -> number(file, value))
                                    .toArray()
                            : new double[] {number(file, alpha.get(name))});
        }
        if (!equal(mixture.vectors(), mixed(file, weights, ordered, mode, factors))) {
            throw new InvalidModelException(
                    file,
                    "the experts " + names + " have changed since it was mixed of them; delete it to search anew");
        }
        return weights;
    }

    private static double number(Path file, Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw new InvalidModelException(file, "metadata alpha: expected a number for each expert, found " + value);
    }

    private static Map<String, float[]> mixed(
            Path file,
            Map<String, double[]> weights,
            Map<String, Expert> experts,
            ExpertMixture.Mode mode,
            Factors factors) {
        TreeSet<Integer> lengths = new TreeSet<>();
        weights.values().forEach(alpha -> lengths.add(alpha.length));
        MixtureSpace space = new MixtureSpace(mode, List.copyOf(experts.values()), factors, lengths.last() > 1);
        if (lengths.size() != 1 || lengths.first() != space.groups()) {
            throw new InvalidModelException(
                    file,
                    "metadata alpha: expected 1 or " + space.groups() + " weights of each expert, found " + lengths);
        }
        double[] alpha = new double[space.dimensions()];
        int expert = 0;
        for (double[] one : weights.values()) {
            for (int group = 0; group < one.length; group++) {
                alpha[group * weights.size() + expert] = one[group];
            }
            expert++;
        }
        return space.scaling(alpha);
    }

    private static boolean equal(Map<String, float[]> one, Map<String, float[]> other) {
        return one.keySet().equals(other.keySet())
                && one.entrySet().stream()
                        .allMatch(entry -> Arrays.equals(entry.getValue(), other.get(entry.getKey())));
    }
}
