package dev.mimic.engine.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Python's {@code json.dumps}. */
final class JsonText {
    private final boolean ascii;
    private final String indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sortKeys;
    private final Budget budget;
    private final StringBuilder out = new StringBuilder();

    private JsonText(boolean ascii, String indent, List<Object> separators, boolean sortKeys, Budget budget) {
        this.ascii = ascii;
        this.indent = indent;
        this.itemSeparator = PythonText.expectText("tojson", separators.get(0));
        this.keySeparator = PythonText.expectText("tojson", separators.get(1));
        this.sortKeys = sortKeys;
        this.budget = budget;
    }

    /** The {@code tojson} of transformers: no HTML escapes, text as it is, keys in their order. */
    static String filter(Object value, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.bind("tojson", "ensure_ascii?", "indent?", "separators?", "sort_keys?");
        String indent = switch (bound.get(1, null)) {
            case null -> null;
            case String text -> text;
            case Object width -> {
                int count = Math.max(0, Numbers.toInt("tojson", width));
                budget.text(count);
                yield " ".repeat(count);
            }
        };
        List<Object> separators = bound.get(2, null) == null
                ? List.of(indent == null ? ", " : ",", ": ")
                : Items.list(bound.get(2), budget);
        if (separators.size() != 2) {
            throw new TemplateException("tojson: separators has " + separators.size() + " items, expected 2");
        }
        JsonText json = new JsonText(bound.flag(0, false), indent, separators, bound.flag(3, false), budget);
        json.write(value, 0);
        return json.out.toString();
    }

    private void write(Object value, int level) {
        int before = out.length();
        switch (value) {
            case null -> out.append("null");
            case Boolean b -> out.append(b.booleanValue());
            case Long l -> out.append(l.longValue());
            case BigInteger big -> out.append(PythonText.integer(big));
            case Double d -> out.append(number(d));
            case String text -> quote(text);
            case Markup markup -> quote(markup.text());
            case List<?> list -> array(list, level);
            case Tuple tuple -> array(tuple.items(), level);
            case Map<?, ?> map -> object(map, level);
            default ->
                throw new TemplateException(
                        "Object of type " + PythonText.typeName(value) + " is not JSON serializable");
        }
        budget.step();
        budget.text(out.length() - before);
    }

    private static String number(double value) {
        return Double.isNaN(value)
                ? "NaN"
                : Double.isInfinite(value) ? value > 0 ? "Infinity" : "-Infinity" : PythonText.floatRepr(value);
    }

    private void array(List<?> items, int level) {
        budget.enter();
        out.append('[');
        for (int i = 0; i < items.size(); i++) {
            out.append(i == 0 ? "" : itemSeparator);
            line(level + 1);
            write(items.get(i), level + 1);
        }
        if (!items.isEmpty()) {
            line(level);
        }
        out.append(']');
        budget.leave();
    }

    private void object(Map<?, ?> map, int level) {
        budget.enter();
        out.append('{');
        String separator = "";
        List<Object> keys = new ArrayList<>(map.keySet());
        if (sortKeys) {
            keys = Comparisons.sorted(keys, (a, b) -> Comparisons.compare("<", a, b, budget));
        }
        Map<String, Object> named = new LinkedHashMap<>();
        for (Object key : keys) {
            named.put(key(key), map.get(key));
        }
        for (Map.Entry<String, Object> entry : named.entrySet()) {
            out.append(separator);
            line(level + 1);
            quote(entry.getKey());
            out.append(keySeparator);
            write(entry.getValue(), level + 1);
            separator = itemSeparator;
        }
        if (!map.isEmpty()) {
            line(level);
        }
        out.append('}');
        budget.leave();
    }

    private static String key(Object key) {
        return switch (key) {
            case null -> "null";
            case String text -> text;
            case Boolean b -> b.toString();
            case Long l -> l.toString();
            case BigInteger big -> PythonText.integer(big);
            case Double d -> number(d);
            default ->
                throw new TemplateException(
                        "keys must be str, int, float, bool or None, not " + PythonText.typeName(key));
        };
    }

    private void line(int level) {
        if (indent != null) {
            budget.text((long) indent.length() * level);
            out.append('\n').append(indent.repeat(level));
        }
    }

    private void quote(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\f' -> out.append("\\f");
                case '\b' -> out.append("\\b");
                default -> {
                    if (c < 0x20 || (ascii && c > '~')) {
                        out.append("\\u").append(PythonText.hex(c, 4));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    /** Python's {@code ascii}: escapes in a repr what is not ASCII. */
    static String ascii(String repr) {
        StringBuilder out = new StringBuilder();
        repr.codePoints().forEach(c -> {
            if (c < 0x7f) {
                out.append((char) c);
            } else if (c < 0x100) {
                out.append("\\x").append(PythonText.hex(c, 2));
            } else {
                out.append(c < 0x10000 ? "\\u" : "\\U").append(PythonText.hex(c, c < 0x10000 ? 4 : 8));
            }
        });
        return out.toString();
    }
}
