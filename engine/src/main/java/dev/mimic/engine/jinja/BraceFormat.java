package dev.mimic.engine.jinja;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Python's {@code str.format}: replacement fields with attributes, items, conversions and format specifications. */
final class BraceFormat {
    private final Arguments arguments;
    private final Budget budget;
    private int automatic;

    private BraceFormat(Arguments arguments, Budget budget) {
        this.arguments = arguments;
        this.budget = budget;
    }

    static String format(String text, Arguments arguments, Budget budget) {
        return new BraceFormat(arguments, budget).format(text, 2);
    }

    /** The argument of {@code format_map} as named arguments. */
    static Arguments mapping(Object mapping) {
        if (!(mapping instanceof Map<?, ?> map)) {
            throw new TemplateException("format_map() expects a dict");
        }
        Map<String, Object> named = new LinkedHashMap<>();
        map.forEach((key, value) -> {
            if (key instanceof String name) {
                named.put(name, value);
            }
        });
        return new Arguments(List.of(), named);
    }

    private String format(String text, int levels) {
        if (levels == 0) {
            throw new TemplateException("Max string recursion exceeded");
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean doubled = i + 1 < text.length() && text.charAt(i + 1) == c;
            if ((c == '{' || c == '}') && doubled) {
                out.append(c);
                i++;
            } else if (c == '}') {
                throw new TemplateException("Single '}' encountered in format string");
            } else if (c == '{') {
                int end = closing(text, i + 1);
                String value = field(text.substring(i + 1, end), levels);
                budget.text(value.length());
                out.append(value);
                i = end;
            } else {
                out.append(c);
            }
        }
        budget.text(out.length());
        return out.toString();
    }

    private static int closing(String text, int from) {
        int open = 1;
        for (int i = from; i < text.length(); i++) {
            open += text.charAt(i) == '{' ? 1 : text.charAt(i) == '}' ? -1 : 0;
            if (open == 0) {
                return i;
            }
        }
        throw new TemplateException("expected '}' before end of string");
    }

    private String field(String field, int levels) {
        int end = 0;
        boolean inBrackets = false;
        while (end < field.length() && (inBrackets || (field.charAt(end) != '!' && field.charAt(end) != ':'))) {
            inBrackets = field.charAt(end) == '[' || (inBrackets && field.charAt(end) != ']');
            end++;
        }
        Object value = lookUp(field.substring(0, end));
        int at = end;
        if (at < field.length() && field.charAt(at) == '!') {
            if (at + 1 >= field.length() || (at + 2 < field.length() && field.charAt(at + 2) != ':')) {
                throw new TemplateException("expected ':' after conversion specifier");
            }
            value = converted(value, field.charAt(at + 1));
            at += 2;
        }
        String specification = at < field.length() ? format(field.substring(at + 1), levels - 1) : "";
        return formatted(value, specification, budget);
    }

    private Object converted(Object value, char conversion) {
        return switch (conversion) {
            case 's' -> PythonText.str(value, budget);
            case 'r' -> PythonText.repr(value, budget);
            case 'a' -> JsonText.ascii(PythonText.repr(value, budget));
            default -> throw new TemplateException("Unknown conversion specifier " + conversion);
        };
    }

    private Object lookUp(String name) {
        int end = 0;
        while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
            end++;
        }
        Object value = first(name.substring(0, end));
        while (end < name.length()) {
            int from = end + 1;
            boolean item = name.charAt(end) == '[';
            end = from;
            while (end < name.length()
                    && (item ? name.charAt(end) != ']' : name.charAt(end) != '.' && name.charAt(end) != '[')) {
                end++;
            }
            if (item && end >= name.length()) {
                throw new TemplateException("Missing ']' in format string");
            }
            String part = name.substring(from, end);
            if (part.isEmpty()) {
                throw new TemplateException("Empty attribute in format string");
            }
            value = item
                    ? Items.get(value, isNumber(part) ? (Object) number(part) : part, budget)
                    : Attributes.get(value, part, budget);
            end += item ? 1 : 0;
        }
        return value;
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private static long number(String digits) {
        if (digits.length() > 9) {
            throw new TemplateException("Too many decimal digits in format string");
        }
        return Long.parseLong(digits);
    }

    private Object first(String name) {
        if (name.isEmpty() || isNumber(name)) {
            boolean counted = name.isEmpty();
            if (counted ? automatic < 0 : automatic > 0) {
                throw new TemplateException(
                        "cannot switch between manual field specification and automatic field numbering");
            }
            long index = counted ? automatic++ : number(name);
            automatic = counted ? automatic : -1;
            if (index >= arguments.positional().size()) {
                throw new TemplateException("Replacement index " + index + " out of range for positional args tuple");
            }
            return arguments.positional().get((int) index);
        }
        if (!arguments.named().containsKey(name)) {
            throw new TemplateException("KeyError: " + PythonText.quote(name));
        }
        return arguments.named().get(name);
    }

    /** Python's {@code format(value, specification)}. */
    static String formatted(Object value, String specification, Budget budget) {
        if (specification.isEmpty()) {
            return PythonText.str(value, budget);
        }
        FormatSpecification spec = FormatSpecification.parse(specification);
        return switch (value) {
            case String text -> spec.text(text, budget);
            case Markup markup -> spec.text(markup.text(), budget);
            case Double d -> spec.number(d, budget);
            case Boolean _, Long _, BigInteger _ -> spec.integer(Numbers.big(value), budget);
            case null, default ->
                throw new TemplateException(
                        "unsupported format string passed to " + PythonText.typeName(value) + ".__format__");
        };
    }
}
