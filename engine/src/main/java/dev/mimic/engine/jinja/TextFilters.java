package dev.mimic.engine.jinja;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Filters of texts. */
final class TextFilters {
    /** A filter that takes any value as text and no arguments. */
    @FunctionalInterface
    private interface Plain {
        Object apply(String text);
    }

    private TextFilters() {}

    static void register(Map<String, Filters.Filter> filters) {
        plain(filters, "upper", TextCase::upper);
        plain(filters, "lower", TextCase::lower);
        plain(filters, "capitalize", TextCase::capitalize);
        plain(filters, "title", TextFilters::title);
        plain(filters, "wordcount", TextFilters::words);
        plain(filters, "forceescape", text -> new Markup(Markup.escape(text)));
        plain(filters, "striptags", TextFilters::stripTags);
        plain(filters, "safe", Markup::new);
        filters.put("escape", TextFilters::escape);
        filters.put("e", TextFilters::escape);
        filters.put("string", (value, arguments, evaluator) -> {
            arguments.bind("string");
            return value instanceof Markup ? value : PythonText.str(value, evaluator.budget());
        });
        filters.put("trim", (value, arguments, evaluator) -> {
            String chars = arguments.bind("trim", "chars?").text(0, null);
            return CodePoints.strip(text(value, evaluator), chars, true, true);
        });
        filters.put(
                "center",
                (value, arguments, evaluator) -> StringMethods.pad(
                        text(value, evaluator),
                        arguments.bind("center", "width?").integer(0, 80),
                        " ",
                        "center",
                        evaluator.budget()));
        filters.put("replace", TextFilters::replace);
        filters.put("format", TextFilters::format);
        filters.put("indent", TextFilters::indent);
        filters.put("truncate", TextFilters::truncate);
        filters.put("wordwrap", TextFilters::wrap);
        filters.put("urlencode", TextFilters::urlEncode);
        filters.put("xmlattr", TextFilters::xmlAttributes);
    }

    private static void plain(Map<String, Filters.Filter> filters, String name, Plain filter) {
        filters.put(name, (value, arguments, evaluator) -> {
            arguments.bind(name);
            return filter.apply(text(value, evaluator));
        });
    }

    private static String text(Object value, Evaluator evaluator) {
        String text = PythonText.str(value, evaluator.budget());
        evaluator.budget().text(text.length());
        return text;
    }

    private static Object escape(Object value, Arguments arguments, Evaluator evaluator) {
        arguments.bind("escape");
        return value instanceof Markup ? value : new Markup(Markup.escape(text(value, evaluator)));
    }

    /** Words begin behind white space, hyphens and opening brackets. */
    private static String title(String text) {
        StringBuilder titled = new StringBuilder();
        int from = 0;
        while (from < text.length()) {
            boolean separator = separates(text.charAt(from));
            int to = from;
            while (to < text.length() && separates(text.charAt(to)) == separator) {
                to++;
            }
            int first = from + Character.charCount(text.codePointAt(from));
            titled.append(TextCase.upper(text.substring(from, first)))
                    .append(TextCase.lower(text.substring(first, to)));
            from = to;
        }
        return titled.toString();
    }

    private static boolean separates(char c) {
        return "-({[<".indexOf(c) >= 0 || CodePoints.isSpace(c);
    }

    private static Object words(String text) {
        long count = 0;
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            boolean word = c == '_' || Character.isLetter(c) || StringMethods.isNumeric(c);
            count += word && !inWord ? 1 : 0;
            inWord = word;
        }
        return count;
    }

    /** MarkupSafe's {@code striptags}: comments and tags go, runs of white space become one blank, entities are read. */
    private static String stripTags(String text) {
        String plain = text;
        for (String[] ends : new String[][] {{"<!--", "-->"}, {"<", ">"}}) {
            StringBuilder kept = new StringBuilder();
            int from = 0;
            while (true) {
                int open = plain.indexOf(ends[0], from);
                int close = open < 0 ? -1 : plain.indexOf(ends[1], open);
                if (close < 0) {
                    break;
                }
                kept.append(plain, from, open);
                from = close + ends[1].length();
            }
            plain = kept.append(plain, from, plain.length()).toString();
        }
        List<String> words = new ArrayList<>();
        int start = -1;
        for (int i = 0; i <= plain.length(); i++) {
            boolean space = i == plain.length() || CodePoints.isSpace(plain.charAt(i));
            if (space && start >= 0) {
                words.add(plain.substring(start, i));
            }
            start = space ? -1 : start < 0 ? i : start;
        }
        return String.join(" ", words)
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&#39;", "'")
                .replace("&#34;", "\"")
                .replace("&quot;", "\"")
                .replace("&amp;", "&");
    }

    private static Object replace(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("replace", "old", "new", "count?");
        int count = bound.get(2, null) == null ? -1 : bound.integer(2);
        return TextSearch.replace(
                text(value, evaluator),
                text(bound.get(0), evaluator),
                text(bound.get(1), evaluator),
                count,
                evaluator.budget());
    }

    private static Object format(Object value, Arguments arguments, Evaluator evaluator) {
        if (!arguments.positional().isEmpty() && !arguments.named().isEmpty()) {
            throw new TemplateException("can't handle positional and keyword arguments at the same time");
        }
        Object values = arguments.named().isEmpty() ? new Tuple(arguments.positional()) : arguments.named();
        return PercentFormat.format(text(value, evaluator), values, evaluator.budget());
    }

    private static Object indent(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("indent", "width?", "first?", "blank?");
        Budget budget = evaluator.budget();
        String indentation;
        if (bound.given(0) && Operators.isText(bound.get(0))) {
            indentation = bound.text(0);
        } else {
            int width = Math.max(0, bound.integer(0, 4));
            budget.text(width);
            indentation = " ".repeat(width);
        }
        List<Object> lines = StringMethods.lines(PythonText.expectText("indent", value) + "\n", false, budget);
        StringBuilder out = new StringBuilder(bound.flag(1, false) ? indentation : "");
        for (int i = 0; i < lines.size(); i++) {
            String line = (String) lines.get(i);
            String before = i > 0 && (bound.flag(2, false) || !line.isEmpty()) ? indentation : "";
            budget.text((long) line.length() + before.length());
            out.append(i > 0 ? "\n" : "").append(before).append(line);
        }
        return out.toString();
    }

    private static Object truncate(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("truncate", "length?", "killwords?", "end?", "leeway?");
        String text = PythonText.expectText("truncate", value);
        int length = bound.integer(0, 255);
        String end = bound.text(2, "...");
        int leeway = bound.get(3, null) == null ? 5 : bound.integer(3);
        int room = length - CodePoints.length(end);
        if (room < 0) {
            throw new TemplateException("expected length >= " + CodePoints.length(end) + ", got " + length);
        }
        if (leeway < 0) {
            throw new TemplateException("expected leeway >= 0, got " + leeway);
        }
        if (CodePoints.length(text) <= (long) length + leeway) {
            return text;
        }
        String cut = CodePoints.substring(text, 0, room);
        int blank = bound.flag(1, false) ? -1 : cut.lastIndexOf(' ');
        return (blank < 0 ? cut : cut.substring(0, blank)) + end;
    }

    private static Object wrap(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound =
                arguments.bind("wordwrap", "width?", "break_long_words?", "wrapstring?", "break_on_hyphens?");
        int width = bound.integer(0, 79);
        if (width <= 0) {
            throw new TemplateException("invalid width " + width + " (must be > 0)");
        }
        String between = bound.text(2, "\n");
        List<String> wrapped = new ArrayList<>();
        for (Object line : StringMethods.lines(PythonText.expectText("wordwrap", value), false, evaluator.budget())) {
            List<String> pieces =
                    TextWrap.wrap((String) line, width, bound.flag(1, true), bound.flag(3, true), evaluator.budget());
            wrapped.add(String.join(between, pieces));
        }
        String text = String.join(between, wrapped);
        evaluator.budget().text(text.length());
        return text;
    }

    private static Object urlEncode(Object value, Arguments arguments, Evaluator evaluator) {
        arguments.bind("urlencode");
        Budget budget = evaluator.budget();
        if (Operators.isText(value) || !Items.iterable(value, budget)) {
            return quoted(PythonText.str(value, budget), false, budget);
        }
        List<Object> pairs = value instanceof Map<?, ?> map ? DictView.pairs(map) : Items.list(value, budget);
        StringBuilder out = new StringBuilder();
        for (Object pair : pairs) {
            List<Object> entry = Items.list(pair, budget);
            if (entry.size() != 2) {
                throw new TemplateException("not enough values to unpack (expected 2, got " + entry.size() + ")");
            }
            out.append(out.isEmpty() ? "" : "&")
                    .append(quoted(PythonText.str(entry.get(0), budget), true, budget))
                    .append('=')
                    .append(quoted(PythonText.str(entry.get(1), budget), true, budget));
        }
        return out.toString();
    }

    private static String quoted(String text, boolean inQuery, Budget budget) {
        budget.text(3L * text.length());
        StringBuilder out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean plain =
                    c < 128 && (Character.isLetterOrDigit(c) || "_.-~".indexOf(c) >= 0 || (c == '/' && !inQuery));
            if (plain) {
                out.append(c);
            } else if (c == ' ' && inQuery) {
                out.append('+');
            } else {
                out.append('%').append(TextCase.upper(PythonText.hex(c, 2)));
            }
        }
        return out.toString();
    }

    private static Object xmlAttributes(Object value, Arguments arguments, Evaluator evaluator) {
        boolean space = arguments.bind("xmlattr", "autospace?").flag(0, true);
        Budget budget = evaluator.budget();
        Comparisons.refuseUndefined(value);
        if (!(value instanceof Map<?, ?> map)) {
            throw new TemplateException(
                    PythonText.quote(PythonText.typeName(value)) + " object has no attribute 'items'");
        }
        StringBuilder out = new StringBuilder();
        for (Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator(); entries.hasNext(); ) {
            Map.Entry<?, ?> entry = entries.next();
            if (entry.getValue() == null || entry.getValue() instanceof Undefined) {
                continue;
            }
            String key = PythonText.expectText("xmlattr", entry.getKey());
            if (key.chars()
                    .anyMatch(c -> (c < 128 && CodePoints.isSpace(c) && c > 0x1f)
                            || (c >= 9 && c <= 13)
                            || "/>=".indexOf(c) >= 0)) {
                throw new TemplateException("Invalid character in attribute name: " + PythonText.quote(key));
            }
            String text = entry.getValue() instanceof Markup markup
                    ? markup.text()
                    : Markup.escape(PythonText.str(entry.getValue(), budget));
            budget.text(key.length() + (long) text.length());
            out.append(out.isEmpty() ? "" : " ")
                    .append(Markup.escape(key))
                    .append("=\"")
                    .append(text)
                    .append('"');
        }
        return space && !out.isEmpty() ? " " + out : out.toString();
    }
}
