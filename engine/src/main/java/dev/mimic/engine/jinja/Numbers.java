package dev.mimic.engine.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;

/** Python's int (Long or BigInteger, bool among them) and float (Double). */
final class Numbers {
    private static final int MAX_BITS = 1 << 16;

    private Numbers() {}

    /** An int as Long where it fits. */
    static Object normal(BigInteger value) {
        if (value.bitLength() < 64) {
            return value.longValue();
        }
        if (value.bitLength() > MAX_BITS) {
            throw new TemplateException("the template makes an integer of too many digits");
        }
        return value;
    }

    static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
    }

    static boolean isNumber(Object value) {
        return value instanceof Double || isInteger(value);
    }

    static BigInteger big(Object integer) {
        return switch (integer) {
            case Boolean b -> b ? BigInteger.ONE : BigInteger.ZERO;
            case Long l -> BigInteger.valueOf(l);
            default -> (BigInteger) integer;
        };
    }

    /** A bool as the int it is; other values unchanged. */
    static Object plain(Object value) {
        return value instanceof Boolean b ? (Object) (b ? 1L : 0L) : value;
    }

    static double toDouble(Object number) {
        return switch (number) {
            case Double d -> d;
            case Boolean b -> b ? 1 : 0;
            case Long l -> l;
            case BigInteger b -> finite(b);
            default -> throw new TemplateException("must be real number, not " + PythonText.typeName(number));
        };
    }

    private static double finite(BigInteger value) {
        double d = value.doubleValue();
        if (Double.isInfinite(d)) {
            throw new TemplateException("int too large to convert to float");
        }
        return d;
    }

    /** An integer argument, brought into the range of int. */
    static int toInt(String function, Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (!isInteger(value)) {
            throw new TemplateException(
                    function + "(): expected an integer, found " + PythonText.quote(PythonText.typeName(value)));
        }
        BigInteger big = big(value);
        return big.bitLength() < 32 ? big.intValue() : big.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
    }

    /** Python's {@code int(float)}. */
    static Object truncate(double value) {
        if (!Double.isFinite(value)) {
            throw new TemplateException("cannot convert float " + PythonText.floatRepr(value) + " to integer");
        }
        return normal(new BigDecimal(value).toBigInteger());
    }

    static int compare(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            return Long.compare(x, y);
        }
        if (a instanceof Double || b instanceof Double) {
            double x = approximate(a);
            double y = approximate(b);
            // beyond 2^53 a long and a double may differ though they round to the same
            if (x != y || !Double.isFinite(x) || Math.abs(x) < 0x1p53) {
                return x < y ? -1 : x > y ? 1 : 0;
            }
            return exact(a).compareTo(exact(b));
        }
        return big(a).compareTo(big(b));
    }

    private static double approximate(Object number) {
        return number instanceof BigInteger big ? big.doubleValue() : toDouble(number);
    }

    private static BigDecimal exact(Object number) {
        return number instanceof Double d ? new BigDecimal(d) : new BigDecimal(big(number));
    }

    static boolean equal(Object a, Object b) {
        boolean nan = (a instanceof Double x && x.isNaN()) || (b instanceof Double y && y.isNaN());
        return !nan && compare(a, b) == 0;
    }
}
