package dev.mimic.engine.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;

/** What Python's {@code str} and {@code repr} make of a value. */
final class PythonText {
    /** Python refuses to write integers of more than 4300 digits; 4300 · log2(10) bits. */
    private static final int MAX_INTEGER_BITS = 14_285;

    private PythonText() {}

    /** Python's {@code str(value)}. */
    static String str(Object value, Budget budget) {
        return switch (value) {
            case String text -> text;
            case Markup markup -> markup.text();
            case Undefined _ -> "";
            case null, default -> repr(value, budget);
        };
    }

    /** Python's {@code repr(value)}. */
    static String repr(Object value, Budget budget) {
        StringBuilder text = new StringBuilder();
        repr(value, text, budget);
        return text.toString();
    }

    private static void repr(Object value, StringBuilder out, Budget budget) {
        int before = out.length();
        switch (value) {
            case null -> out.append("None");
            case Boolean b -> out.append(b ? "True" : "False");
            case Long l -> out.append(l.longValue());
            case BigInteger big -> out.append(integer(big));
            case Double d -> out.append(floatRepr(d));
            case String text -> {
                budget.text(text.length());
                quote(text, out);
            }
            case Markup markup ->
                out.append("Markup(").append(quote(markup.text())).append(')');
            case Undefined _ -> out.append("Undefined");
            case List<?> list -> sequence("[", list, "]", out, budget);
            case Tuple tuple -> sequence("(", tuple.items(), tuple.items().size() == 1 ? ",)" : ")", out, budget);
            case Map<?, ?> map -> dict(map, out, budget);
            case Namespace namespace -> {
                out.append("<Namespace ");
                dict(namespace.attributes(), out, budget);
                out.append('>');
            }
            case Range range -> {
                out.append("range(").append(range.start()).append(", ").append(range.stop());
                out.append(range.step() == 1 ? "" : ", " + range.step()).append(')');
            }
            case DictView view -> {
                out.append(view.kind().typeName).append('(');
                sequence("[", view.items(budget), "])", out, budget);
            }
            case Generator _ -> out.append("<generator object>");
            case Callable callable -> out.append(callable.describe());
            default -> out.append('<').append(typeName(value)).append(" object>");
        }
        budget.text(out.length() - before);
    }

    private static void sequence(String open, List<?> items, String close, StringBuilder out, Budget budget) {
        budget.enter();
        out.append(open);
        for (int i = 0; i < items.size(); i++) {
            out.append(i == 0 ? "" : ", ");
            repr(items.get(i), out, budget);
        }
        out.append(close);
        budget.leave();
    }

    private static void dict(Map<?, ?> map, StringBuilder out, Budget budget) {
        budget.enter();
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.append(separator);
            repr(entry.getKey(), out, budget);
            out.append(": ");
            repr(entry.getValue(), out, budget);
            separator = ", ";
        }
        out.append('}');
        budget.leave();
    }

    static String integer(BigInteger value) {
        if (value.bitLength() > MAX_INTEGER_BITS) {
            throw new TemplateException("Exceeds the limit (4300 digits) for integer string conversion");
        }
        return value.toString();
    }

    /** The shortest digits that give the same double, in Python's layout: an exponent below 1e-4 and from 1e16. */
    static String floatRepr(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        // Double.toString gives the shortest digits since JDK 19
        BigDecimal digits = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        if (digits.precision() == 2) {
            // Double.toString gives two digits where one would do (5e-324)
            BigDecimal one = digits.round(new MathContext(1, RoundingMode.HALF_EVEN));
            digits = one.doubleValue() == value ? one : digits;
        }
        int exponent = digits.precision() - digits.scale() - 1;
        if (exponent >= -4 && exponent < 16) {
            return digits.scale() <= 0 ? digits.toBigInteger() + ".0" : digits.toPlainString();
        }
        String unscaled = digits.unscaledValue().abs().toString();
        String fraction = unscaled.length() > 1 ? "." + unscaled.substring(1) : "";
        return (value < 0 ? "-" : "")
                + unscaled.charAt(0)
                + fraction
                + 'e'
                + (exponent < 0 ? '-' : '+')
                + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }

    /** A text as Python writes it in its source. */
    static String quote(String text) {
        StringBuilder out = new StringBuilder(text.length() + 2);
        quote(text, out);
        return out.toString();
    }

    private static void quote(String text, StringBuilder out) {
        char mark = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(mark);
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == mark) {
                        out.append('\\').append(mark);
                    } else if (isPrintable(c)) {
                        out.appendCodePoint(c);
                    } else if (c < 0x100) {
                        out.append("\\x").append(hex(c, 2));
                    } else {
                        out.append(c < 0x10000 ? "\\u" : "\\U").append(hex(c, c < 0x10000 ? 4 : 8));
                    }
                }
            }
        }
        out.append(mark);
    }

    static String hex(int value, int digits) {
        String text = Integer.toHexString(value);
        return "0".repeat(Math.max(0, digits - text.length())) + text;
    }

    /** Python's {@code str.isprintable} of one code point. */
    static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
    }

    /** The text of a value that must be one. */
    static String expectText(String function, Object value) {
        return switch (value) {
            case String text -> text;
            case Markup markup -> markup.text();
            case Undefined undefined -> throw undefined.error();
            case null, default ->
                throw new TemplateException(function + "(): expected a text, found " + quote(typeName(value)));
        };
    }

    /** The name of a value's Python type. */
    static String typeName(Object value) {
        return switch (value) {
            case null -> "NoneType";
            case Boolean _ -> "bool";
            case Long _, BigInteger _ -> "int";
            case Double _ -> "float";
            case String _ -> "str";
            case Markup _ -> "Markup";
            case List<?> _ -> "list";
            case Tuple _ -> "tuple";
            case Map<?, ?> _ -> "dict";
            case Namespace _ -> "Namespace";
            case Range _ -> "range";
            case DictView view -> view.kind().typeName;
            case Generator _ -> "generator";
            case Undefined _ -> "Undefined";
            case Macro _ -> "Macro";
            case Loop _ -> "LoopContext";
            default -> "builtin_function_or_method";
        };
    }
}
