package dev.mimic.adapt.svf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Which weights are taken apart: {@code mlp} (gate, up, down), {@code attention} (q, k, v, o), {@code all} (both), or
 * patterns of whole weight names, separated by commas, in which {@code *} stands for any text and {@code 15-29} for each
 * of these numbers. Only the linear matrices of the layers are ever chosen, never embeddings, head or norms.
 *
 * @param text as given
 */
public record Targets(String text) {
    private static final Pattern LINEAR = Pattern.compile(
            "model\\.layers\\.([0-9]{1,6})\\.(?:self_attn\\.([qkvo])|mlp\\.(gate|up|down))_proj\\.weight");

    /** What is more than its letters in a pattern. */
    private static final Pattern SPECIAL = Pattern.compile("\\*|(?<![0-9])([0-9]{1,6})-([0-9]{1,6})(?![0-9])");

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
                    + " '*.q_proj.weight' or 'model.layers.15-29.mlp.*'");
        }
        return chosen;
    }

    private Predicate<String> wanted() {
        return switch (text) {
            case "mlp" -> name -> name.contains(".mlp.");
            case "attention" -> name -> name.contains(".self_attn.");
            case "all" -> _ -> true;
            default ->
                Arrays.stream(text.split(",", -1))
                        .map(part -> pattern(part.strip()))
                        .reduce(Predicate::or)
                        .orElseThrow();
        };
    }

    /** Whether a name fits a pattern: its text as it stands, but for {@code *} and ranges of numbers. */
    private static Predicate<String> pattern(String text) {
        StringBuilder expression = new StringBuilder();
        List<int[]> ranges = new ArrayList<>();
        Matcher special = SPECIAL.matcher(text);
        int begin = 0;
        while (special.find()) {
            expression.append(Pattern.quote(text.substring(begin, special.start())));
            begin = special.end();
            if (special.group(1) == null) {
                expression.append(".*");
                continue;
            }
            ranges.add(new int[] {Integer.parseInt(special.group(1)), Integer.parseInt(special.group(2))});
            expression.append("(?<![0-9])([0-9]{1,6})(?![0-9])");
        }
        Pattern whole = Pattern.compile(expression + Pattern.quote(text.substring(begin)));
        return name -> {
            Matcher matcher = whole.matcher(name);
            return matcher.matches()
                    && IntStream.range(0, ranges.size()).allMatch(i -> {
                        int number = Integer.parseInt(matcher.group(i + 1));
                        return number >= ranges.get(i)[0] && number <= ranges.get(i)[1];
                    });
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
