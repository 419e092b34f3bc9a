package dev.mimic.adapt.lora;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What adapter_config.json says of a LoRA adapter (PEFT's {@code LoraConfig}, version 0.21). Every key that changes the
 * math is honoured or refused by name; one that PEFT did not know then, and that says something, is a note.
 */
final class PeftConfig {
    static final String FILE = "adapter_config.json";

    /** Refused unless null, false, empty or zero: what they ask for is not done here. */
    private static final List<String> REFUSED = List.of(
            "use_dora",
            "modules_to_save",
            "trainable_token_indices",
            "target_parameters",
            "layer_replication",
            "lora_bias",
            "use_qalora",
            "use_bdlora",
            "alora_invocation_tokens",
            "arrow_config",
            "kasa_config",
            "monteclora_config",
            "velora_config",
            "megatron_config",
            "fan_in_fan_out",
            "enable_lora");

    /** How A and B began; others than these also changed the base weights. */
    private static final Set<String> PLAIN_STARTS = Set.of("gaussian", "eva", "orthogonal");

    /** Of no effect on what a finished adapter computes. */
    private static final Set<String> IDLE = Set.of(
            "auto_mapping",
            "base_model_name_or_path",
            "corda_config",
            "ensure_weight_tying",
            "eva_config",
            "inference_mode",
            "loftq_config",
            "lora_dropout",
            "lora_ga_config",
            "megatron_core",
            "merge_weights",
            "peft_version",
            "qalora_group_size",
            "revision",
            "runtime_config");

    private final JsonObject json;
    private final int rank;
    private final double alpha;
    private final boolean rankStabilised;
    private final Map<ModulePattern, Integer> ranks = new LinkedHashMap<>();
    private final Map<ModulePattern, Double> alphas = new LinkedHashMap<>();
    private final TargetModules targets;

    private PeftConfig(JsonObject json, Consumer<String> notes) {
        this.json = json;
        required("peft_type", "LORA");
        optional("task_type", "CAUSAL_LM");
        optional("bias", "none");
        REFUSED.forEach(this::refuse);
        checkStart();
        rank = positive("r", json.integer("r").orElseThrow(() -> json.missing("r")));
        alpha = finite("lora_alpha", json.number("lora_alpha").orElseThrow(() -> json.missing("lora_alpha")));
        rankStabilised = json.bool("use_rslora").orElse(false);
        targets = TargetModules.of(json);
        patterns("rank_pattern", (pattern, value) -> {
            if (!(value instanceof Long number) || number < 1 || number > Integer.MAX_VALUE) {
                throw json.invalid("rank_pattern", "expected positive integers, found " + Json.write(value));
            }
            ranks.put(pattern, number.intValue());
        });
        patterns("alpha_pattern", (pattern, value) -> {
            if (!(value instanceof Number number)) {
                throw json.invalid("alpha_pattern", "expected numbers, found " + Json.write(value));
            }
            alphas.put(pattern, finite("alpha_pattern", number.doubleValue()));
        });
        noteUnknown(notes);
    }

    /**
     * Reads the file.
     *
     * @throws dev.mimic.loader.InvalidModelException in one line naming the key
     */
    static PeftConfig read(Path folder, Consumer<String> notes) {
        return new PeftConfig(Json.readObject(folder.resolve(FILE)), notes);
    }

    private void required(String key, String expected) {
        if (!json.has(key)) {
            throw json.missing(key);
        }
        optional(key, expected);
    }

    private void optional(String key, String expected) {
        json.text(key).filter(text -> !text.equals(expected)).ifPresent(text -> {
            throw json.invalid(key, "expected " + expected + ", found '" + text + "', which is not supported");
        });
    }

    private void refuse(String key) {
        if (says(json.get(key))) {
            throw json.invalid(key, "is not supported, expected none, found " + shortened(json.get(key)));
        }
    }

    private void checkStart() {
        Object start = json.get("init_lora_weights");
        if (start instanceof String text && !PLAIN_STARTS.contains(text)) {
            throw json.invalid(
                    "init_lora_weights",
                    "'" + text + "' also changes the base weights, which is not supported, expected true, false or "
                            + String.join(", ", PLAIN_STARTS.stream().sorted().toList()));
        }
    }

    private int positive(String key, int value) {
        if (value < 1) {
            throw json.invalid(key, "expected at least 1, found " + value);
        }
        return value;
    }

    private double finite(String key, double value) {
        if (!Double.isFinite(value)) {
            throw json.invalid(key, "expected a finite number, found " + value);
        }
        return value;
    }

    private interface PatternValue {
        void accept(ModulePattern pattern, Object value);
    }

    private void patterns(String key, PatternValue each) {
        json.object(key)
                .ifPresent(patterns -> patterns.asMap()
                        .forEach((text, value) -> each.accept(ModulePattern.ending(json, key, text), value)));
    }

    private void noteUnknown(Consumer<String> notes) {
        List<String> honoured = new ArrayList<>(List.of(
                "peft_type",
                "task_type",
                "bias",
                "init_lora_weights",
                "r",
                "lora_alpha",
                "use_rslora",
                "rank_pattern"));
        honoured.add("alpha_pattern");
        honoured.addAll(TargetModules.KEYS);
        for (String key : json.names()) {
            if (!honoured.contains(key) && !REFUSED.contains(key) && !IDLE.contains(key) && says(json.get(key))) {
                notes.accept(json.file() + ": " + key + " is not known and not honoured");
            }
        }
    }

    /** Whether a value asks for something. */
    private static boolean says(Object value) {
        return switch (value) {
            case null -> false;
            case Boolean bool -> bool;
            case String text -> !text.isEmpty();
            case Number number -> number.doubleValue() != 0;
            case List<?> list -> !list.isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            default -> true;
        };
    }

    private static String shortened(Object value) {
        String text = Json.write(value);
        return text.length() <= 60 ? text : text.substring(0, 59) + "…";
    }

    /** Whether a module has an adapter by this file. */
    boolean targets(String module) {
        return targets.chosen(module);
    }

    /** Rows of A of a module. */
    int rank(String module) {
        return first(ranks, module, rank);
    }

    /**
     * What a module's product is multiplied by: alpha / r, or alpha / sqrt(r) (Kalajdzievski 2023).
     *
     * @throws dev.mimic.loader.InvalidModelException if that is no finite float
     */
    float scale(String module) {
        double divisor = rank(module);
        double value = first(alphas, module, alpha);
        float scale = (float) (value / (rankStabilised ? Math.sqrt(divisor) : divisor));
        if (!Float.isFinite(scale)) {
            throw json.invalid("lora_alpha", "expected a number of float's range, found " + value);
        }
        return scale;
    }

    private static <T> T first(Map<ModulePattern, T> patterns, String module, T otherwise) {
        for (Map.Entry<ModulePattern, T> entry : patterns.entrySet()) {
            if (entry.getKey().fits(module)) {
                return entry.getValue();
            }
        }
        return otherwise;
    }
}
