package dev.mimic.engine.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Python's arithmetic. */
final class Operators {
    private static final int MAX_POWER_BITS = 1 << 16;

    private Operators() {}

    static Object binary(String operator, Object left, Object right, Budget budget) {
        Comparisons.refuseUndefined(left);
        // 'text' % undefined formats it
        if (!(operator.equals("%") && left instanceof String)) {
            Comparisons.refuseUndefined(right);
        }
        Object a = Numbers.plain(left);
        Object b = Numbers.plain(right);
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return a instanceof Double || b instanceof Double
                    ? floats(operator, Numbers.toDouble(a), Numbers.toDouble(b))
                    : integers(operator, a, b);
        }
        Object result = switch (operator) {
            case "+" -> add(left, right, budget);
            case "*" ->
                Numbers.isInteger(b)
                        ? repeat(left, b, budget)
                        : Numbers.isInteger(a) ? repeat(right, a, budget) : Items.ABSENT;
            case "%" ->
                switch (left) {
                    case String text -> PercentFormat.format(text, right, budget);
                    case Markup markup -> new Markup(PercentFormat.format(markup.text(), right, budget));
                    case null, default -> Items.ABSENT;
                };
            default -> Items.ABSENT;
        };
        if (result == Items.ABSENT) {
            throw new TemplateException("unsupported operand type(s) for " + operator + ": "
                    + PythonText.quote(PythonText.typeName(left)) + " and "
                    + PythonText.quote(PythonText.typeName(right)));
        }
        return result;
    }

    private static Object add(Object left, Object right, Budget budget) {
        if (left instanceof String a && right instanceof String b) {
            budget.text(a.length() + (long) b.length());
            return a + b;
        }
        if (left instanceof Markup || right instanceof Markup) {
            return addMarkup(left, right, budget);
        }
        if (left instanceof List<?> a && right instanceof List<?> b) {
            return concatenated(a, b, budget);
        }
        if (left instanceof Tuple a && right instanceof Tuple b) {
            return new Tuple(concatenated(a.items(), b.items(), budget));
        }
        if (left instanceof String) {
            throw new TemplateException(
                    "can only concatenate str (not " + "\"" + PythonText.typeName(right) + "\") to str");
        }
        return Items.ABSENT;
    }

    private static Object addMarkup(Object left, Object right, Budget budget) {
        if (!isText(left) || !isText(right)) {
            return Items.ABSENT;
        }
        String a = left instanceof Markup m ? m.text() : Markup.escape((String) left);
        String b = right instanceof Markup m ? m.text() : Markup.escape((String) right);
        budget.text(a.length() + (long) b.length());
        return new Markup(a + b);
    }

    static boolean isText(Object value) {
        return value instanceof String || value instanceof Markup;
    }

    private static List<Object> concatenated(List<?> a, List<?> b, Budget budget) {
        budget.items(a.size() + (long) b.size());
        List<Object> both = new ArrayList<>(a.size() + b.size());
        both.addAll(a);
        both.addAll(b);
        return both;
    }

    private static Object repeat(Object value, Object times, Budget budget) {
        int count = Math.max(0, Numbers.toInt("repeat", times));
        return switch (value) {
            case String text -> repeated(text, count, budget);
            case Markup markup -> new Markup(repeated(markup.text(), count, budget));
            case List<?> list -> repeated(list, count, budget);
            case Tuple tuple -> new Tuple(repeated(tuple.items(), count, budget));
            case null, default -> Items.ABSENT;
        };
    }

    private static String repeated(String text, int count, Budget budget) {
        budget.text((long) text.length() * count);
        return text.repeat(count);
    }

    private static List<Object> repeated(List<?> items, int count, Budget budget) {
        budget.items((long) items.size() * count);
        List<Object> result = new ArrayList<>(items.size() * count);
        for (int i = 0; i < count && !items.isEmpty(); i++) {
            result.addAll(items);
        }
        return result;
    }

    private static Object floats(String operator, double a, double b) {
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / notZero(b, "float division by zero");
            case "//" -> floorDivide(a, notZero(b, "float floor division by zero"));
            case "%" -> modulo(a, notZero(b, "float modulo"));
            case "**" -> power(a, b);
            default -> throw new IllegalStateException(operator);
        };
    }

    private static double notZero(double value, String problem) {
        if (value == 0) {
            throw new TemplateException(problem);
        }
        return value;
    }

    private static double modulo(double a, double b) {
        double rest = a % b;
        if (rest == 0) {
            return Math.copySign(0.0, b);
        }
        return (rest < 0) == (b < 0) ? rest : rest + b;
    }

    /** CPython's float_floor_div: exact where a / b rounds over an integer. */
    private static double floorDivide(double a, double b) {
        double quotient = (a - modulo(a, b)) / b;
        if (quotient == 0) {
            return Math.copySign(0.0, a / b);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static double power(double a, double b) {
        if (a == 0 && b < 0) {
            throw new TemplateException("0.0 cannot be raised to a negative power");
        }
        if (a < 0 && b != Math.rint(b) && Double.isFinite(a)) {
            throw new TemplateException("a negative number raised to a fraction is complex, which templates lack");
        }
        if (a == 1 || (a == -1 && Double.isInfinite(b))) {
            return 1;
        }
        double result = Math.pow(a, b);
        if (Double.isInfinite(result) && Double.isFinite(a) && Double.isFinite(b)) {
            throw new TemplateException("(34, 'Numerical result out of range')");
        }
        return result;
    }

    private static Object integers(String operator, Object left, Object right) {
        if (left instanceof Long a && right instanceof Long b) {
            Object quick = longs(operator, a, b);
            if (quick != null) {
                return quick;
            }
        }
        BigInteger a = Numbers.big(left);
        BigInteger b = Numbers.big(right);
        return switch (operator) {
            case "+" -> Numbers.normal(a.add(b));
            case "-" -> Numbers.normal(a.subtract(b));
            case "*" -> Numbers.normal(a.multiply(b));
            case "/" -> divide(a, nonZero(b, "division by zero"));
            case "//" -> Numbers.normal(floorDivide(a, nonZero(b, "integer division or modulo by zero"))[0]);
            case "%" -> Numbers.normal(floorDivide(a, nonZero(b, "integer modulo by zero"))[1]);
            case "**" -> power(a, b);
            default -> throw new IllegalStateException(operator);
        };
    }

    /** The common case; null if it overflows or is not so simple. */
    private static Object longs(String operator, long a, long b) {
        switch (operator) {
            case "+" -> {
                long sum = a + b;
                return ((a ^ sum) & (b ^ sum)) < 0 ? null : (Object) sum;
            }
            case "-" -> {
                long difference = a - b;
                return ((a ^ b) & (a ^ difference)) < 0 ? null : (Object) difference;
            }
            case "*" -> {
                return Math.multiplyHigh(a, b) == (a * b) >> 63 ? (Object) (a * b) : null;
            }
            default -> {
                return null;
            }
        }
    }

    private static BigInteger nonZero(BigInteger value, String problem) {
        if (value.signum() == 0) {
            throw new TemplateException(problem);
        }
        return value;
    }

    private static BigInteger[] floorDivide(BigInteger a, BigInteger b) {
        BigInteger[] parts = a.divideAndRemainder(b);
        if (parts[1].signum() != 0 && parts[1].signum() != b.signum()) {
            parts[0] = parts[0].subtract(BigInteger.ONE);
            parts[1] = parts[1].add(b);
        }
        return parts;
    }

    private static double divide(BigInteger a, BigInteger b) {
        if (a.bitLength() <= 53 && b.bitLength() <= 53) {
            return a.doubleValue() / b.doubleValue();
        }
        // 40 digits round to the nearest double but for quotients nearer to a tie than 1e-23 of it
        double quotient = new java.math.BigDecimal(a)
                .divide(new java.math.BigDecimal(b), new java.math.MathContext(40))
                .doubleValue();
        if (Double.isInfinite(quotient)) {
            throw new TemplateException("integer division result too large for a float");
        }
        return quotient;
    }

    private static Object power(BigInteger a, BigInteger b) {
        if (b.signum() < 0) {
            return power(Numbers.toDouble(a), Numbers.toDouble(b));
        }
        if (a.abs().bitLength() <= 1) {
            boolean odd = b.testBit(0);
            return a.signum() == 0 ? (Object) (b.signum() == 0 ? 1L : 0L) : a.signum() > 0 || !odd ? 1L : -1L;
        }
        if (b.bitLength() > 31 || a.abs().bitLength() * b.longValue() > MAX_POWER_BITS) {
            throw new TemplateException("the template makes an integer of too many digits");
        }
        return Numbers.normal(a.pow(b.intValue()));
    }

    static Object negate(Object value) {
        Comparisons.refuseUndefined(value);
        return switch (Numbers.plain(value)) {
            case Long l when l != Long.MIN_VALUE -> -l;
            case Long l -> BigInteger.valueOf(l).negate();
            case BigInteger big -> Numbers.normal(big.negate());
            case Double d -> -d;
            case null, default -> throw badUnary("-", value);
        };
    }

    static Object plus(Object value) {
        Comparisons.refuseUndefined(value);
        if (!Numbers.isNumber(value)) {
            throw badUnary("+", value);
        }
        return Numbers.plain(value);
    }

    private static TemplateException badUnary(String operator, Object value) {
        return new TemplateException(
                "bad operand type for unary " + operator + ": " + PythonText.quote(PythonText.typeName(value)));
    }

    /** Python's {@code dict(value)} for the arguments of {@code dict} and {@code namespace}. */
    static Map<Object, Object> dict(Object value, Budget budget) {
        Map<Object, Object> dict = new java.util.LinkedHashMap<>();
        if (value instanceof Map<?, ?> map) {
            budget.items(map.size());
            dict.putAll(map);
            return dict;
        }
        for (Object pair : Items.list(value, budget)) {
            List<Object> entry = Items.list(pair, budget);
            if (entry.size() != 2) {
                throw new TemplateException(
                        "dictionary update sequence element has length " + entry.size() + "; 2 is required");
            }
            Items.put(dict, entry.get(0), entry.get(1), budget);
        }
        return dict;
    }
}
