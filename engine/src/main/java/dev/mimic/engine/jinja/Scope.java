package dev.mimic.engine.jinja;

import java.util.HashMap;
import java.util.Map;

/** Variables of a part of a template, and of the parts around it. */
final class Scope {
    private final Scope outer;
    private final Map<String, Object> variables;

    private Scope(Scope outer, Map<String, Object> variables) {
        this.outer = outer;
        this.variables = variables;
    }

    /** The outermost scope. */
    static Scope of(Map<String, Object> variables) {
        return new Scope(null, variables);
    }

    Scope inner() {
        return new Scope(this, new HashMap<>());
    }

    /** The value of a name; {@link Items#ABSENT} if no scope has it. */
    Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Object value = scope.variables.get(name);
            if (value != null || scope.variables.containsKey(name)) {
                return value;
            }
        }
        return Items.ABSENT;
    }

    void set(String name, Object value) {
        variables.put(name, value);
    }
}
