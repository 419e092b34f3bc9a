package dev.mimic.loader.gguf;

import dev.mimic.loader.InvalidModelException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The key-value pairs of a GGUF file as plain Java values in the file's order: integers are {@link Long} ({@link
 * BigInteger} beyond it), f32 {@link Float}, f64 {@link Double}, then {@link Boolean}, {@link String} and {@link List}.
 * A key of the wrong kind is an {@link InvalidModelException} that names file and key.
 */
public final class GgufMetadata {
    private final Path file;
    private final Map<String, Object> values;

    GgufMetadata(Path file, Map<String, Object> values) {
        this.file = file;
        this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** All pairs. */
    public Map<String, Object> asMap() {
        return values;
    }

    /** The keys, in the file's order. */
    public Set<String> keys() {
        return values.keySet();
    }

    /** Whether there is such a key. */
    public boolean has(String key) {
        return values.containsKey(key);
    }

    /** A text. */
    public Optional<String> text(String key) {
        return switch (values.get(key)) {
            case null -> Optional.empty();
            case String text -> Optional.of(text);
            case Object other -> throw wrong(key, "a text", other);
        };
    }

    /** True or false. */
    public Optional<Boolean> bool(String key) {
        return switch (values.get(key)) {
            case null -> Optional.empty();
            case Boolean b -> Optional.of(b);
            case Object other -> throw wrong(key, "true or false", other);
        };
    }

    /** An integer from 0 to 2^31 - 1. A list whose items are all the same counts as that item: a value for every layer. */
    public Optional<Integer> integer(String key) {
        return switch (values.get(key)) {
            case null -> Optional.empty();
            case List<?> list
            when !list.isEmpty() && list.stream().allMatch(list.getFirst()::equals) ->
                Optional.of(integer(key, list.getFirst()));
            case List<?> list
            when !list.isEmpty() -> throw invalid(key, "expected one value for all layers, found different ones");
            case Object other -> Optional.of(integer(key, other));
        };
    }

    /** A number, integer or not; an f32 stays a {@link Float}, so that it is written with its own digits. */
    public Optional<Number> number(String key) {
        return switch (values.get(key)) {
            case null -> Optional.empty();
            case Number number -> Optional.of(number);
            case Object other -> throw wrong(key, "a number", other);
        };
    }

    /** A list of texts. */
    public Optional<List<String>> texts(String key) {
        return items(key, String.class, "texts");
    }

    /** A list of numbers. */
    public Optional<List<Number>> numbers(String key) {
        return items(key, Number.class, "numbers");
    }

    /** The exception for a key whose value cannot be used. */
    public InvalidModelException invalid(String key, String problem) {
        return new InvalidModelException(file, key + ": " + problem);
    }

    private <T> Optional<List<T>> items(String key, Class<T> kind, String things) {
        Object value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!(value instanceof List<?> list)) {
            throw wrong(key, "a list of " + things, value);
        }
        List<T> items = new ArrayList<>(list.size());
        for (Object item : list) {
            if (!kind.isInstance(item)) {
                throw wrong(key, "a list of " + things, item);
            }
            items.add(kind.cast(item));
        }
        return Optional.of(Collections.unmodifiableList(items));
    }

    private int integer(String key, Object value) {
        if (value instanceof Long number && number >= 0 && number <= Integer.MAX_VALUE) {
            return number.intValue();
        }
        throw wrong(key, "an integer from 0 to " + Integer.MAX_VALUE, value);
    }

    private InvalidModelException wrong(String key, String expected, Object found) {
        String text = found instanceof List<?> list ? "a list of " + list.size() : String.valueOf(found);
        return invalid(
                key, "expected " + expected + ", found " + (text.length() <= 60 ? text : text.substring(0, 59) + "…"));
    }
}
