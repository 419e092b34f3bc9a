package dev.mimic.engine.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/** Python's {@code text % values}. */
final class PercentFormat {
    private final String format;
    private final Object values;
    private final List<Object> sequence;
    private final Budget budget;
    private int at;
    private int used;
    private boolean named;

    private PercentFormat(String format, Object values, Budget budget) {
        this.format = format;
        this.values = values;
        this.sequence = values instanceof Tuple tuple ? tuple.items() : java.util.Collections.singletonList(values);
        this.budget = budget;
    }

    static String format(String format, Object values, Budget budget) {
        return new PercentFormat(format, values, budget).run();
    }

    private String run() {
        StringBuilder out = new StringBuilder();
        while (at < format.length()) {
            int percent = format.indexOf('%', at);
            int end = percent < 0 ? format.length() : percent;
            budget.text(end - at);
            out.append(format, at, end);
            at = end + 1;
            if (percent >= 0) {
                String text = conversion();
                budget.text(text.length());
                out.append(text);
            }
        }
        boolean mayBeLeft = values instanceof Map || values instanceof List || named;
        if (used < sequence.size() && !mayBeLeft) {
            throw new TemplateException("not all arguments converted during string formatting");
        }
        return out.toString();
    }

    private char next() {
        if (at >= format.length()) {
            throw new TemplateException("incomplete format");
        }
        return format.charAt(at++);
    }

    private String conversion() {
        Object value = Items.ABSENT;
        char c = next();
        if (c == '(') {
            int close = at;
            for (int open = 1; open > 0; close++) {
                if (close >= format.length()) {
                    throw new TemplateException("incomplete format key");
                }
                open += format.charAt(close) == '(' ? 1 : format.charAt(close) == ')' ? -1 : 0;
            }
            value = named(format.substring(at, close - 1));
            at = close;
            c = next();
        }
        StringBuilder flags = new StringBuilder();
        while ("#0- +".indexOf(c) >= 0) {
            flags.append(c);
            c = next();
        }
        int width = 0;
        if (c == '*') {
            width = Numbers.toInt("%", argument());
            if (width < 0) {
                flags.append('-');
                width = Math.abs(Math.max(width, -Integer.MAX_VALUE));
            }
            c = next();
        } else {
            for (; Character.digit(c, 10) >= 0 && c < 128; c = next()) {
                width = digit(width, c);
            }
        }
        int precision = -1;
        if (c == '.') {
            precision = 0;
            c = next();
            if (c == '*') {
                precision = Math.max(0, Numbers.toInt("%", argument()));
                c = next();
            } else {
                for (; Character.digit(c, 10) >= 0 && c < 128; c = next()) {
                    precision = digit(precision, c);
                }
            }
        }
        while (c == 'l' || c == 'h' || c == 'L') {
            c = next();
        }
        if (c == '%') {
            return "%";
        }
        return converted(c, value == Items.ABSENT ? argument() : value, flags.toString(), width, precision);
    }

    private static int digit(int number, char c) {
        long next = number * 10L + Character.digit(c, 10);
        if (next > Integer.MAX_VALUE) {
            throw new TemplateException("width too big");
        }
        return (int) next;
    }

    private Object named(String key) {
        if (!(values instanceof Map<?, ?> map)) {
            throw new TemplateException("format requires a mapping");
        }
        named = true;
        Object value = Items.inDict(map, key, budget);
        if (value == Items.ABSENT) {
            throw new TemplateException("KeyError: " + PythonText.quote(key));
        }
        return value;
    }

    private Object argument() {
        if (named || used >= sequence.size()) {
            throw new TemplateException("not enough arguments for format string");
        }
        return sequence.get(used++);
    }

    private String converted(char type, Object value, String flags, int width, int precision) {
        boolean zero = flags.indexOf('0') >= 0;
        String sign = "";
        String body;
        switch (type) {
            case 's', 'r', 'a' -> {
                String text = type == 's' ? PythonText.str(value, budget) : PythonText.repr(value, budget);
                body = type == 'a' ? JsonText.ascii(text) : text;
                if (precision >= 0 && precision < CodePoints.length(body)) {
                    body = CodePoints.substring(body, 0, precision);
                }
                zero = false;
            }
            case 'c' -> {
                body = character(value);
                zero = false;
            }
            case 'd', 'i', 'u', 'x', 'X', 'o' -> {
                BigInteger number = integer(value, type);
                sign = number.signum() < 0 ? "-" : plus(flags);
                body = NumberText.digits(number.abs(), type);
                if (precision > body.length()) {
                    budget.text(precision);
                    body = "0".repeat(precision - body.length()) + body;
                }
                if (flags.indexOf('#') >= 0 && "xXo".indexOf(type) >= 0) {
                    sign += "0" + type;
                }
            }
            case 'e', 'E', 'f', 'F', 'g', 'G' -> {
                double number = number(value);
                sign = NumberText.isNegative(number) ? "-" : plus(flags);
                body = NumberText.digits(
                        Math.abs(number), type, precision < 0 ? 6 : precision, flags.indexOf('#') >= 0, budget);
            }
            default ->
                throw new TemplateException("unsupported format character " + PythonText.quote("" + type) + " (0x"
                        + Integer.toHexString(type) + ") at index " + (at - 1));
        }
        int missing = width - CodePoints.length(sign + body);
        if (missing <= 0) {
            return sign + body;
        }
        budget.text(width);
        if (flags.indexOf('-') >= 0) {
            return sign + body + " ".repeat(missing);
        }
        return zero ? sign + "0".repeat(missing) + body : " ".repeat(missing) + sign + body;
    }

    private static String plus(String flags) {
        return flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "";
    }

    private static BigInteger integer(Object value, char type) {
        Comparisons.refuseUndefined(value);
        if (value instanceof Double d && "diu".indexOf(type) >= 0) {
            return Numbers.big(Numbers.truncate(d));
        }
        if (!Numbers.isInteger(value)) {
            throw new TemplateException("%" + type + " format: "
                    + ("diu".indexOf(type) >= 0 ? "a real number" : "an integer") + " is required, not "
                    + PythonText.typeName(value));
        }
        return Numbers.big(value);
    }

    private static double number(Object value) {
        Comparisons.refuseUndefined(value);
        return Numbers.toDouble(value);
    }

    private static String character(Object value) {
        if (value instanceof String text && CodePoints.length(text) == 1) {
            return text;
        }
        if (Numbers.isInteger(value)) {
            int c = Numbers.toInt("%c", value);
            if (Character.isValidCodePoint(c)) {
                return Character.toString(c);
            }
        }
        throw new TemplateException("the conversion c requires int or char");
    }
}
