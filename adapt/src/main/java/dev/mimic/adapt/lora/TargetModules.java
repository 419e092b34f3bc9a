package dev.mimic.adapt.lora;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;

/**
 * Which modules an adapter changes (PEFT's {@code check_target_module_exists}): a list of names or their ends, or one
 * regular expression; fewer by {@code exclude_modules}, and with a list also by layer.
 */
final class TargetModules {
    static final List<String> KEYS =
            List.of("target_modules", "exclude_modules", "layers_to_transform", "layers_pattern");

    private static final String ALL = "all-linear";

    private final Optional<ModulePattern> pattern;
    private final Set<String> names;
    private final Optional<ModulePattern> excludedPattern;
    private final Set<String> excludedNames;
    private final Set<Integer> layers = new HashSet<>();
    private final List<ModulePattern> layerPatterns = new ArrayList<>();

    private TargetModules(JsonObject json) {
        pattern = pattern(json, "target_modules");
        names = names(json, "target_modules");
        if (pattern.isEmpty() && names.isEmpty()) {
            throw json.invalid("target_modules", "expected a list of modules or a regular expression, found none");
        }
        excludedPattern = pattern(json, "exclude_modules");
        excludedNames = names(json, "exclude_modules");
        readLayers(json);
    }

    static TargetModules of(JsonObject json) {
        return new TargetModules(json);
    }

    private static Optional<ModulePattern> pattern(JsonObject json, String key) {
        if (!(json.get(key) instanceof String text) || text.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(ModulePattern.whole(json, key, text.equals(ALL) ? ".*" : text));
    }

    private static Set<String> names(JsonObject json, String key) {
        Set<String> all = new HashSet<>();
        if (json.get(key) instanceof String) {
            return all;
        }
        for (Object one : json.list(key).orElse(List.of())) {
            if (!(one instanceof String name)) {
                throw json.invalid(key, "expected names of modules, found " + Json.write(one));
            }
            all.add(name);
        }
        return all;
    }

    private void readLayers(JsonObject json) {
        Object value = json.get("layers_to_transform");
        List<?> numbers = value instanceof List<?> list ? list : value == null ? List.of() : List.of(value);
        for (Object number : numbers) {
            if (!(number instanceof Long layer) || layer < 0 || layer > Integer.MAX_VALUE) {
                throw json.invalid("layers_to_transform", "expected layers, found " + Json.write(number));
            }
            layers.add(layer.intValue());
        }
        Object patterns = json.get("layers_pattern");
        List<?> all = patterns instanceof List<?> list ? list : patterns == null ? List.of() : List.of(patterns);
        for (Object one : all) {
            if (!(one instanceof String text)) {
                throw json.invalid("layers_pattern", "expected names, found " + Json.write(one));
            }
            if (!text.isEmpty()) {
                layerPatterns.add(ModulePattern.numbered(json, "layers_pattern", text));
            }
        }
        if (layerPatterns.isEmpty()) {
            layerPatterns.add(ModulePattern.numbered(json, "layers_pattern", "[^.]*"));
        }
    }

    boolean chosen(String module) {
        if (excludedPattern.map(one -> one.fits(module)).orElse(false) || named(excludedNames, module)) {
            return false;
        }
        return pattern.map(one -> one.fits(module)).orElseGet(() -> named(names, module) && inLayer(module));
    }

    private static boolean named(Set<String> names, String module) {
        return names.stream().anyMatch(name -> module.equals(name) || module.endsWith("." + name));
    }

    private boolean inLayer(String module) {
        if (layers.isEmpty()) {
            return true;
        }
        for (ModulePattern one : layerPatterns) {
            Matcher matcher = one.pattern().matcher(module);
            if (matcher.matches()) {
                return layers.contains(Integer.parseInt(matcher.group("number")));
            }
        }
        return false;
    }
}
