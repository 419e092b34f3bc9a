package dev.mimic.adapt.svf;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which weights are taken apart: {@code mlp} (gate, up, down), {@code attention} (q, k, v, o), {@code all} (both), or
 * patterns of whole weight names, separated by commas, in which {@code *} stands for any text. Only the linear matrices
 * of the layers are ever chosen, never embeddings, head or norms.
 *
 * @param text as given
 */
public record Targets(String text) {
    private static final Pattern LINEAR = Pattern.compile(
            "model\\.layers\\.([0-9]{1,6})\\.(?:self_attn\\.([qkvo])|mlp\\.(gate|up|down))_proj\\.weight");

    private static final List<String> ORDER = List.of("q", "k", "v", "o", "gate", "up", "down");

    public Targets {
        if (text.isBlank()) {
            throw new IllegalArgumentException("targets: empty, expected mlp, attention, all or a pattern of names");
        }
    }

    /**
     * The weights chosen among those of a model, layer by layer.
     *
     * @throws IllegalArgumentException if there is none
     */
    public List<String> choose(Collection<String> tensorNames) {
        Predicate<String> wanted = wanted();
        List<String> chosen = tensorNames.stream()
                .filter(name -> LINEAR.matcher(name).matches())
                .filter(wanted)
                .sorted(Comparator.comparingInt(Targets::layer).thenComparingInt(Targets::place))
                .toList();
        if (chosen.isEmpty()) {
            throw new IllegalArgumentException("targets: '" + text
                    + "' fits no linear weight of the model, expected mlp, attention, all or a pattern such as"
                    + " '*.q_proj.weight'");
        }
        return chosen;
    }

    private Predicate<String> wanted() {
        return switch (text) {
            case "mlp" -> name -> name.contains(".mlp.");
            case "attention" -> name -> name.contains(".self_attn.");
            case "all" -> _ -> true;
            default -> {
                List<Pattern> patterns = Arrays.stream(text.split(",", -1))
                        .map(part -> Pattern.compile(Arrays.stream(part.strip().split("\\*", -1))
                                .map(Pattern::quote)
                                .reduce((a, b) -> a + ".*" + b)
                                .orElse("")))
                        .toList();
                yield name -> patterns.stream().anyMatch(p -> p.matcher(name).matches());
            }
        };
    }

    private static int layer(String name) {
        return Integer.parseInt(parts(name).group(1));
    }

    private static int place(String name) {
        Matcher parts = parts(name);
        return ORDER.indexOf(parts.group(2) != null ? parts.group(2) : parts.group(3));
    }

    private static Matcher parts(String name) {
        Matcher parts = LINEAR.matcher(name);
        if (!parts.matches()) {
            throw new IllegalArgumentException("targets: '" + name + "' is no linear weight of a layer");
        }
        return parts;
    }
}
