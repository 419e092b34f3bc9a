package dev.mimic.adapt.lora;

import dev.mimic.loader.json.JsonObject;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** A pattern of module names, as PEFT matches them with Python's {@code re}. */
record ModulePattern(Pattern pattern) {
    /** Fits a whole name. */
    static ModulePattern whole(JsonObject json, String key, String text) {
        return new ModulePattern(compile(json, key, text));
    }

    /** Fits a name or its end behind a dot. */
    static ModulePattern ending(JsonObject json, String key, String text) {
        return new ModulePattern(compile(json, key, "(?:.*\\.)?(?:" + text + ")"));
    }

    /** A number behind a part that the pattern fits; the first group is the number. */
    static ModulePattern numbered(JsonObject json, String key, String text) {
        return new ModulePattern(compile(json, key, "(?:.*?\\.)?(?:" + text + ")\\.(?<number>[0-9]+)\\..*"));
    }

    private static Pattern compile(JsonObject json, String key, String text) {
        try {
            return Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            throw json.invalid(key, "'" + text + "' is no regular expression (" + e.getDescription() + ")");
        }
    }

    boolean fits(String module) {
        return pattern.matcher(module).matches();
    }
}
