package dev.mimic.engine.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What {@code keys()}, {@code values()} and {@code items()} of a dict give: it has a length and items, but no index.
 *
 * @param kind which of them
 * @param dict whose
 */
record DictView(Kind kind, Map<Object, Object> dict) {
    enum Kind {
        KEYS("dict_keys"),
        VALUES("dict_values"),
        ITEMS("dict_items");

        final String typeName;

        Kind(String typeName) {
            this.typeName = typeName;
        }
    }

    List<Object> items(Budget budget) {
        budget.items(dict.size());
        return switch (kind) {
            case KEYS -> new ArrayList<>(dict.keySet());
            case VALUES -> new ArrayList<>(dict.values());
            case ITEMS -> pairs(dict);
        };
    }

    /** The entries of a dict as tuples. */
    static List<Object> pairs(Map<?, ?> dict) {
        List<Object> pairs = new ArrayList<>(dict.size());
        for (Map.Entry<?, ?> entry : dict.entrySet()) {
            pairs.add(pair(entry.getKey(), entry.getValue()));
        }
        return pairs;
    }

    static Tuple pair(Object key, Object value) {
        List<Object> items = new ArrayList<>(2);
        items.add(key);
        items.add(value);
        return new Tuple(items);
    }
}
