package dev.mimic.engine.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/** Filters of numbers and of values of any kind. */
final class ValueFilters {
    private static final Pattern FLOAT = Pattern.compile(
            "[+-]?(?:[0-9]++(?:_[0-9]++)*+(?:\\.(?:[0-9]++(?:_[0-9]++)*+)?)?|\\.[0-9]++(?:_[0-9]++)*+)(?:[eE][+-]?[0-9]++(?:_[0-9]++)*+)?"
                    + "|[+-]?(?i:inf|infinity|nan)");
    private static final int MAX_DIGITS = 4300;

    private ValueFilters() {}

    static void register(Map<String, Filters.Filter> filters) {
        filters.put("default", ValueFilters::otherwise);
        filters.put("d", ValueFilters::otherwise);
        filters.put("length", ValueFilters::length);
        filters.put("count", ValueFilters::length);
        filters.put("int", ValueFilters::integer);
        filters.put("float", ValueFilters::floating);
        filters.put("abs", ValueFilters::abs);
        filters.put("round", ValueFilters::round);
        filters.put("filesizeformat", ValueFilters::fileSize);
        filters.put("attr", ValueFilters::attribute);
        filters.put("tojson", (value, arguments, evaluator) -> JsonText.filter(value, arguments, evaluator.budget()));
        filters.put("pprint", (value, arguments, evaluator) -> {
            arguments.bind("pprint");
            return PrettyText.format(value, evaluator.budget());
        });
    }

    private static Object otherwise(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("default", "default_value?", "boolean?");
        boolean missing = value instanceof Undefined || (bound.flag(1, false) && !Comparisons.truth(value));
        return missing ? bound.get(0, "") : value;
    }

    private static Object length(Object value, Arguments arguments, Evaluator evaluator) {
        arguments.bind("length");
        OptionalLong length = Items.length(value);
        if (length.isEmpty()) {
            throw new TemplateException(
                    "object of type " + PythonText.quote(PythonText.typeName(value)) + " has no len()");
        }
        return length.getAsLong();
    }

    private static Object integer(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("int", "default?", "base?");
        Object otherwise = bound.get(0, 0L);
        Comparisons.refuseUndefined(value);
        if (Operators.isText(value)) {
            String text = PythonText.str(value, evaluator.budget());
            Object parsed = parseInteger(text, bound.integer(1, 10));
            if (parsed != null) {
                return parsed;
            }
            Double number = parseFloat(text);
            return number == null || !Double.isFinite(number) ? otherwise : Numbers.truncate(number);
        }
        return switch (Numbers.plain(value)) {
            case Long l -> l;
            case BigInteger big -> big;
            case Double d when Double.isNaN(d) -> otherwise;
            case Double d -> Numbers.truncate(d);
            case null, default -> otherwise;
        };
    }

    /** Python's {@code int(text, base)}; null if it is not one. */
    private static Object parseInteger(String text, int base) {
        String digits = CodePoints.strip(text, null, true, true);
        boolean negative = digits.startsWith("-");
        digits = negative || digits.startsWith("+") ? digits.substring(1) : digits;
        String prefix = digits.length() > 1 && digits.charAt(0) == '0' ? TextCase.lower(digits.substring(1, 2)) : "";
        int prefixBase = prefix.isEmpty()
                ? 0
                : switch (prefix) {
                    case "x" -> 16;
                    case "o" -> 8;
                    case "b" -> 2;
                    default -> 0;
                };
        int radix = base;
        if (prefixBase != 0 && (base == 0 || base == prefixBase)) {
            radix = prefixBase;
            digits = digits.substring(digits.startsWith("_", 2) ? 3 : 2);
        } else if (base == 0) {
            radix = 10;
            if (digits.startsWith("0") && !digits.replace("_", "").matches("0+")) {
                return null;
            }
        }
        if (radix < 2 || radix > 36 || digits.length() > MAX_DIGITS) {
            return null;
        }
        StringBuilder plain = new StringBuilder(negative ? "-" : "");
        boolean lastDigit = false;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            int digit = Character.digit(c, radix);
            if (digit < 0 && !(c == '_' && lastDigit && i + 1 < digits.length())) {
                return null;
            }
            lastDigit = digit >= 0;
            plain.append(lastDigit ? String.valueOf(Character.forDigit(digit, 36)) : "");
        }
        return lastDigit ? Numbers.normal(new BigInteger(plain.toString(), radix)) : null;
    }

    /** Python's {@code float(text)}; null if it is not one. */
    static Double parseFloat(String text) {
        String number = CodePoints.strip(text, null, true, true);
        StringBuilder ascii = new StringBuilder();
        // decimal digits of any script
        number.codePoints()
                .forEach(
                        c -> ascii.appendCodePoint(c > 127 && Character.isDigit(c) ? '0' + Character.digit(c, 10) : c));
        if (!FLOAT.matcher(ascii).matches()) {
            return null;
        }
        String plain = ascii.toString().replace("_", "");
        boolean negative = plain.startsWith("-");
        String word = TextCase.lower(plain.startsWith("+") || negative ? plain.substring(1) : plain);
        return switch (word) {
            case "nan" -> Double.NaN;
            case "inf", "infinity" -> negative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
            default -> Double.valueOf(plain);
        };
    }

    private static Object floating(Object value, Arguments arguments, Evaluator evaluator) {
        Object otherwise = arguments.bind("float", "default?").get(0, 0.0);
        Comparisons.refuseUndefined(value);
        if (Operators.isText(value)) {
            Double parsed = parseFloat(PythonText.str(value, evaluator.budget()));
            return parsed == null ? otherwise : parsed;
        }
        return Numbers.isNumber(value) ? Numbers.toDouble(value) : otherwise;
    }

    private static Object abs(Object value, Arguments arguments, Evaluator evaluator) {
        arguments.bind("abs");
        Comparisons.refuseUndefined(value);
        return switch (Numbers.plain(value)) {
            case Double d -> Math.abs(d);
            case Long l -> Numbers.normal(BigInteger.valueOf(l).abs());
            case BigInteger big -> big.abs();
            case null, default ->
                throw new TemplateException(
                        "bad operand type for abs(): " + PythonText.quote(PythonText.typeName(value)));
        };
    }

    private static Object round(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("round", "precision?", "method?");
        int precision = bound.integer(0, 0);
        String method = bound.text(1, "common");
        if (!method.equals("common") && !method.equals("ceil") && !method.equals("floor")) {
            throw new TemplateException("method must be common, ceil or floor");
        }
        Comparisons.refuseUndefined(value);
        if (!Numbers.isNumber(value)) {
            throw new TemplateException("type " + PythonText.typeName(value) + " doesn't define __round__ method");
        }
        Object number = Numbers.plain(value);
        if (!method.equals("common")) {
            return towards(number, precision, method.equals("ceil"), evaluator.budget());
        }
        if (number instanceof Double d) {
            // all doubles are integers beyond 2^53, and 0 at 324 places
            boolean unchanged = !Double.isFinite(d) || precision > 400;
            return unchanged ? d : precision < -400 ? Math.copySign(0.0, d) : rounded(d, precision);
        }
        if (precision >= 0) {
            return number;
        }
        BigDecimal exact = new BigDecimal(Numbers.big(number));
        return precision < -MAX_DIGITS
                ? (Object) 0L
                : Numbers.normal(
                        exact.setScale(precision, RoundingMode.HALF_EVEN).toBigIntegerExact());
    }

    private static Object rounded(double value, int precision) {
        double result = new BigDecimal(value)
                .setScale(precision, RoundingMode.HALF_EVEN)
                .doubleValue();
        if (Double.isInfinite(result)) {
            throw new TemplateException("rounded value too large to represent");
        }
        return Math.copySign(result, value);
    }

    /** jinja2's {@code ceil(value * 10**precision) / 10**precision}. */
    private static Object towards(Object number, int precision, boolean up, Budget budget) {
        if (Math.abs((long) precision) > 308) {
            throw new TemplateException("int too large to convert to float");
        }
        Object scale = Operators.binary("**", 10L, (long) precision, budget);
        Object scaled = Operators.binary("*", number, scale, budget);
        Object integer = scaled instanceof Double d ? Numbers.truncate(up ? Math.ceil(d) : Math.floor(d)) : scaled;
        return Operators.binary("/", integer, scale, budget);
    }

    private static Object fileSize(Object value, Arguments arguments, Evaluator evaluator) {
        boolean binary = arguments.bind("filesizeformat", "binary?").flag(0, false);
        Object number = floating(value, Arguments.of(Double.NaN), evaluator);
        double bytes = Numbers.toDouble(number);
        if (Double.isNaN(bytes)) {
            throw new TemplateException("could not convert to float: " + PythonText.repr(value, evaluator.budget()));
        }
        double base = binary ? 1024 : 1000;
        if (bytes == 1) {
            return "1 Byte";
        }
        if (bytes < base) {
            return PythonText.repr(Numbers.truncate(bytes), evaluator.budget()) + " Bytes";
        }
        String prefixes = "kMGTPEZY";
        int at = 0;
        double unit = base * base;
        while (bytes >= unit && at < prefixes.length() - 1) {
            at++;
            unit *= base;
        }
        String prefix = binary ? TextCase.upper(prefixes.substring(at, at + 1)) + "iB" : prefixes.charAt(at) + "B";
        return NumberText.digits(base * bytes / unit, 'f', 1, false, evaluator.budget()) + " " + prefix;
    }

    private static Object attribute(Object value, Arguments arguments, Evaluator evaluator) {
        String name = arguments.bind("attr", "name").text(0);
        Comparisons.refuseUndefined(value);
        Object attribute = Attributes.own(value, name);
        return attribute == Items.ABSENT ? Undefined.attribute(value, name) : attribute;
    }
}
