package dev.mimic.loader.model;

import dev.mimic.loader.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Token ids in configurations: an integer, a list of integers or null. */
final class TokenIds {
    private TokenIds() {}

    /** One id; of a list the first. */
    static OptionalInt one(JsonObject json, String key) {
        List<Integer> ids = several(json, key);
        return ids.isEmpty() ? OptionalInt.empty() : OptionalInt.of(ids.getFirst());
    }

    /** All ids, each once. */
    static List<Integer> several(JsonObject json, String key) {
        List<?> values = switch (json.get(key)) {
            case null -> List.of();
            case List<?> list -> list;
            case Object single -> List.of(single);
        };
        List<Integer> ids = new ArrayList<>();
        for (Object value : values) {
            if (!(value instanceof Long id) || id < 0 || id > Integer.MAX_VALUE) {
                throw json.invalid(key, "expected an id from 0 on or a list of them, found " + shown(value));
            }
            if (!ids.contains(id.intValue())) {
                ids.add(id.intValue());
            }
        }
        return List.copyOf(ids);
    }

    private static String shown(Object value) {
        String text = String.valueOf(value);
        return text.length() <= 80 ? text : text.substring(0, 79) + "…";
    }
}
