package dev.mimic.engine.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Python's {@code pprint.pformat}: on one line if it fits in 80 columns, else one item a line; keys in order. */
final class PrettyText {
    private static final int WIDTH = 80;

    private final Budget budget;
    private final StringBuilder out = new StringBuilder();

    private PrettyText(Budget budget) {
        this.budget = budget;
    }

    static String format(Object value, Budget budget) {
        PrettyText text = new PrettyText(budget);
        text.write(value, 0, 0);
        return text.out.toString();
    }

    /** Writes a value that begins at a column and must leave room for what closes the values around it. */
    private void write(Object value, int indent, int allowance) {
        budget.enter();
        String flat = PythonText.repr(sorted(value), budget);
        boolean fits = CodePoints.length(flat) <= WIDTH - indent - allowance;
        switch (value) {
            case Map<?, ?> map when (!fits && !map.isEmpty()) -> dict(map, indent, allowance);
            case List<?> list when (!fits && !list.isEmpty()) -> items("[", list, "]", indent, allowance);
            case Tuple tuple
            when (!fits && !tuple.items().isEmpty()) ->
                items("(", tuple.items(), tuple.items().size() == 1 ? ",)" : ")", indent, allowance);
            case String text when (!fits && CodePoints.length(text) > 0) -> text(text, indent, allowance);
            case null, default -> append(flat);
        }
        budget.leave();
    }

    private void append(String text) {
        budget.text(text.length());
        out.append(text);
    }

    /** The value with the keys of its dicts in order. */
    private Object sorted(Object value) {
        budget.step();
        return switch (value) {
            case Map<?, ?> map -> {
                Map<Object, Object> ordered = new java.util.LinkedHashMap<>();
                for (Object key : keys(map)) {
                    ordered.put(key, sorted(map.get(key)));
                }
                yield ordered;
            }
            case List<?> list ->
                list.stream().map(this::sorted).collect(java.util.stream.Collectors.toCollection(ArrayList::new));
            case Tuple tuple ->
                new Tuple(tuple.items().stream()
                        .map(this::sorted)
                        .collect(java.util.stream.Collectors.toCollection(ArrayList::new)));
            case null, default -> value;
        };
    }

    private List<Object> keys(Map<?, ?> map) {
        budget.items(map.size());
        return Comparisons.sorted(new ArrayList<>(map.keySet()), (a, b) -> {
            boolean comparable =
                    (a instanceof String && b instanceof String) || (Numbers.isNumber(a) && Numbers.isNumber(b));
            return comparable
                    ? Comparisons.compare("<", a, b, budget)
                    : PythonText.typeName(a).compareTo(PythonText.typeName(b));
        });
    }

    private void dict(Map<?, ?> map, int indent, int allowance) {
        append("{");
        int left = map.size();
        String start = "";
        for (Object key : keys(map)) {
            String name = PythonText.repr(key, budget);
            append(start + name + ": ");
            boolean last = --left == 0;
            write(map.get(key), indent + 1 + CodePoints.length(name) + 2, last ? allowance + 1 : 1);
            start = ",\n" + " ".repeat(indent + 1);
        }
        append("}");
    }

    private void items(String open, List<?> items, String close, int indent, int allowance) {
        append(open);
        for (int i = 0; i < items.size(); i++) {
            append(i == 0 ? "" : ",\n" + " ".repeat(indent + 1));
            write(items.get(i), indent + 1, i == items.size() - 1 ? allowance + close.length() : 1);
        }
        append(close);
    }

    /** A long text is written in pieces, broken after line ends and white space. */
    private void text(String text, int indent, int allowance) {
        boolean outermost = indent == 0 && out.isEmpty();
        int from = outermost ? 1 : indent;
        List<String> chunks = chunks(text, from, outermost ? allowance + 1 : allowance);
        if (chunks.size() == 1) {
            append(chunks.getFirst());
            return;
        }
        append(outermost ? "(" : "");
        append(String.join("\n" + " ".repeat(from), chunks));
        append(outermost ? ")" : "");
    }

    private List<String> chunks(String text, int indent, int allowance) {
        List<String> chunks = new ArrayList<>();
        List<Object> lines = StringMethods.lines(text, true, budget);
        for (int i = 0; i < lines.size(); i++) {
            boolean lastLine = i == lines.size() - 1;
            String line = (String) lines.get(i);
            int room = WIDTH - indent - (lastLine ? allowance : 0);
            if (CodePoints.length(PythonText.quote(line)) <= room) {
                chunks.add(PythonText.quote(line));
                continue;
            }
            StringBuilder current = new StringBuilder();
            List<String> parts = words(line);
            for (int j = 0; j < parts.size(); j++) {
                int most = WIDTH - indent - (lastLine && j == parts.size() - 1 ? allowance : 0);
                budget.text(current.length());
                if (CodePoints.length(PythonText.quote(current + parts.get(j))) > most) {
                    if (!current.isEmpty()) {
                        chunks.add(PythonText.quote(current.toString()));
                    }
                    current.setLength(0);
                }
                current.append(parts.get(j));
            }
            if (!current.isEmpty()) {
                chunks.add(PythonText.quote(current.toString()));
            }
        }
        return chunks;
    }

    /** Words, each with the white space after it. */
    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        int from = 0;
        for (int i = 1; i <= line.length(); i++) {
            boolean ends = i == line.length()
                    || (CodePoints.isSpace(line.charAt(i - 1)) && !CodePoints.isSpace(line.charAt(i)));
            if (ends) {
                words.add(line.substring(from, i));
                from = i;
            }
        }
        return words;
    }
}
