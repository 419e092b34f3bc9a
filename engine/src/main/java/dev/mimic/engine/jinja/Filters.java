package dev.mimic.engine.jinja;

import java.util.HashMap;
import java.util.Map;

/** The filters behind {@code |}, by name. */
final class Filters {
    /** A filter of a value. */
    @FunctionalInterface
    interface Filter {
        Object apply(Object value, Arguments arguments, Evaluator evaluator);
    }

    private static final Map<String, Filter> ALL = all();

    private Filters() {}

    private static Map<String, Filter> all() {
        Map<String, Filter> filters = new HashMap<>();
        TextFilters.register(filters);
        SequenceFilters.register(filters);
        SelectionFilters.register(filters);
        ValueFilters.register(filters);
        return Map.copyOf(filters);
    }

    /** The names of all filters. */
    static java.util.Set<String> names() {
        return ALL.keySet();
    }

    static boolean exists(String name) {
        return ALL.containsKey(name);
    }

    static Object apply(String name, Object value, Arguments arguments, Evaluator evaluator) {
        Filter filter = ALL.get(name);
        if (filter == null) {
            throw new TemplateException("No filter named " + PythonText.quote(name) + ".");
        }
        return filter.apply(value, arguments, evaluator);
    }
}
