package dev.mimic.engine.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;

/** Digits of numbers in the layouts that {@code %} and {@code format} share. */
final class NumberText {
    /** A double has no more digits than these behind its point; what is asked for beyond is zeros. */
    private static final int MOST_DIGITS = 1100;

    private NumberText() {}

    /**
     * The digits of a float without its sign.
     *
     * @param magnitude not negative
     * @param type one of {@code e E f F g G %}
     * @param precision digits behind the point, or in all for g
     * @param alternate keeps the point, and the zeros of g
     */
    static String digits(double magnitude, char type, int precision, boolean alternate, Budget budget) {
        budget.text(precision);
        if (!Double.isFinite(magnitude)) {
            String name = Double.isNaN(magnitude) ? "nan" : "inf";
            String text = type == '%' ? name + "%" : name;
            return Character.isUpperCase(type) ? TextCase.upper(text) : text;
        }
        BigDecimal exact = new BigDecimal(magnitude);
        return switch (type) {
            case 'f', 'F' -> fixed(exact, precision, alternate);
            case '%' -> fixed(new BigDecimal(magnitude * 100), precision, alternate) + "%";
            case 'e', 'E' -> scientific(exact, precision, alternate, type);
            default -> general(exact, precision, alternate, type);
        };
    }

    private static String fixed(BigDecimal value, int precision, boolean alternate) {
        int kept = Math.min(precision, MOST_DIGITS);
        String digits = value.setScale(kept, RoundingMode.HALF_EVEN).toPlainString() + "0".repeat(precision - kept);
        return precision == 0 && alternate ? digits + "." : digits;
    }

    private static String scientific(BigDecimal value, int precision, boolean alternate, char type) {
        int kept = Math.min(precision, MOST_DIGITS);
        BigDecimal rounded = value.round(new MathContext(kept + 1, RoundingMode.HALF_EVEN));
        boolean zero = rounded.signum() == 0;
        String digits = zero ? "0" : rounded.unscaledValue().toString();
        int exponent = zero ? 0 : rounded.precision() - rounded.scale() - 1;
        String all = digits + "0".repeat(Math.max(0, precision + 1 - digits.length()));
        String point = precision > 0 ? "." + all.substring(1, precision + 1) : alternate ? "." : "";
        return all.charAt(0) + point + exponent(exponent, type);
    }

    private static String exponent(int exponent, char type) {
        int size = Math.abs(exponent);
        return type + (exponent < 0 ? "-" : "+") + (size < 10 ? "0" : "") + size;
    }

    private static String general(BigDecimal value, int precision, boolean alternate, char type) {
        int significant = Math.max(1, precision);
        BigDecimal rounded = value.round(new MathContext(Math.min(significant, MOST_DIGITS), RoundingMode.HALF_EVEN));
        int exponent = rounded.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
        char e = type == 'G' ? 'E' : 'e';
        if (exponent < -4 || exponent >= significant) {
            String text = scientific(value, significant - 1, alternate, e);
            int at = text.indexOf(e);
            return alternate ? text : withoutZeros(text.substring(0, at)) + text.substring(at);
        }
        String text = fixed(value, significant - 1 - exponent, alternate);
        return alternate ? text : withoutZeros(text);
    }

    private static String withoutZeros(String digits) {
        if (digits.indexOf('.') < 0) {
            return digits;
        }
        int end = digits.length();
        while (digits.charAt(end - 1) == '0') {
            end--;
        }
        return digits.substring(0, digits.charAt(end - 1) == '.' ? end - 1 : end);
    }

    /** The digits of an int in a base, without its sign. */
    static String digits(BigInteger magnitude, char type) {
        return switch (type) {
            case 'x' -> magnitude.toString(16);
            case 'X' -> TextCase.upper(magnitude.toString(16));
            case 'o' -> magnitude.toString(8);
            case 'b' -> magnitude.toString(2);
            default -> PythonText.integer(magnitude);
        };
    }

    /** Separates groups of digits before the point. */
    static String grouped(String digits, char separator, int group) {
        int end = 0;
        while (end < digits.length() && Character.digit(digits.charAt(end), 16) >= 0) {
            // e and f are digits of base 16 but not of a float
            if (group == 3 && !Character.isDigit(digits.charAt(end))) {
                break;
            }
            end++;
        }
        StringBuilder result = new StringBuilder(digits);
        for (int at = end - group; at > 0; at -= group) {
            result.insert(at, separator);
        }
        return result.toString();
    }

    static boolean isNegative(double value) {
        return !Double.isNaN(value) && (value < 0 || (value == 0 && 1 / value < 0));
    }
}
