package dev.mimic.loader.json;

import dev.mimic.loader.InvalidModelException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A JSON object with typed access. A field of the wrong kind is an {@link InvalidModelException} that names the file and
 * the field's path; a field that is null counts as absent.
 */
public final class JsonObject {
    private final String file;
    private final String path;
    private final Map<String, Object> fields;

    /**
     * Wraps a map as {@link Json} gives it.
     *
     * @param file name for messages
     * @param path path of this object inside the file, empty for the root
     */
    public JsonObject(String file, String path, Map<String, Object> fields) {
        this.file = file;
        this.path = path;
        this.fields = fields;
    }

    /** The file's name, for messages. */
    public String file() {
        return file;
    }

    /** The names, in the file's order. */
    public Set<String> names() {
        return fields.keySet();
    }

    /** The fields as plain values. */
    public Map<String, Object> asMap() {
        return fields;
    }

    /** Whether a field is there and not null. */
    public boolean has(String name) {
        return fields.get(name) != null;
    }

    /** The plain value of a field, null if absent. */
    public Object get(String name) {
        return fields.get(name);
    }

    public Optional<String> text(String name) {
        return switch (fields.get(name)) {
            case null -> Optional.empty();
            case String text -> Optional.of(text);
            case Object other -> throw wrong(name, "a text", other);
        };
    }

    public Optional<Boolean> bool(String name) {
        return switch (fields.get(name)) {
            case null -> Optional.empty();
            case Boolean b -> Optional.of(b);
            case Object other -> throw wrong(name, "true or false", other);
        };
    }

    /** An integer that fits an int. */
    public Optional<Integer> integer(String name) {
        return switch (fields.get(name)) {
            case null -> Optional.empty();
            case Long l when (l.intValue() == l) -> Optional.of(l.intValue());
            case Object other -> throw wrong(name, "an integer of 32 bits", other);
        };
    }

    /** A number, integer or not. */
    public Optional<Double> number(String name) {
        return switch (fields.get(name)) {
            case null -> Optional.empty();
            case Number number -> Optional.of(number.doubleValue());
            case Object other -> throw wrong(name, "a number", other);
        };
    }

    public Optional<JsonObject> object(String name) {
        return switch (fields.get(name)) {
            case null -> Optional.empty();
            case Map<?, ?> map -> Optional.of(new JsonObject(file, pathOf(name), Json.cast(map)));
            case Object other -> throw wrong(name, "an object", other);
        };
    }

    public Optional<List<Object>> list(String name) {
        return switch (fields.get(name)) {
            case null -> Optional.empty();
            case List<?> list -> Optional.of(Collections.unmodifiableList(list));
            case Object other -> throw wrong(name, "a list", other);
        };
    }

    /** A list of objects. */
    public Optional<List<JsonObject>> objects(String name) {
        return list(name).map(list -> {
            List<JsonObject> objects = new ArrayList<>(list.size());
            for (Object element : list) {
                String place = name + "[" + objects.size() + "]";
                if (!(element instanceof Map<?, ?> map)) {
                    throw wrong(place, "an object", element);
                }
                objects.add(new JsonObject(file, pathOf(place), Json.cast(map)));
            }
            return objects;
        });
    }

    /** The exception for a field that is missing or wrong in a way the caller knows. */
    public InvalidModelException invalid(String name, String problem) {
        return new InvalidModelException(file, pathOf(name) + ": " + problem);
    }

    /** The exception for a field that must be there. */
    public InvalidModelException missing(String name) {
        return invalid(name, "missing");
    }

    private InvalidModelException wrong(String name, String expected, Object found) {
        return invalid(name, "expected " + expected + ", found " + Json.describe(found));
    }

    /** The path of a field from the file's root, for messages. */
    public String pathOf(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }
}
