package dev.mimic.engine.jinja;

import java.math.BigInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Python's format specification {@code [[fill]align][sign][#][0][width][grouping][.precision][type]}.
 *
 * @param fill one code point
 * @param align one of {@code < > = ^}, 0 if not given
 * @param sign one of {@code + -} and blank
 * @param width in code points, 0 for none
 * @param grouping comma or underscore, 0 for none
 * @param precision -1 for none
 * @param type 0 for none
 */
record FormatSpecification(
        String fill, char align, char sign, boolean alternate, int width, char grouping, int precision, char type) {
    private static final Pattern FORM = Pattern.compile(
            "(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\\d{1,9})?([,_])?(?:\\.(\\d{1,9}))?(.)?", Pattern.DOTALL);

    static FormatSpecification parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches() || m.group(4) != null) {
            throw new TemplateException("Invalid format specifier " + PythonText.quote(text));
        }
        boolean zero = m.group(6) != null;
        return new FormatSpecification(
                m.group(1) != null ? m.group(1) : zero && m.group(2) == null ? "0" : " ",
                m.group(2) != null ? m.group(2).charAt(0) : zero ? '=' : 0,
                first(m.group(3), '-'),
                m.group(5) != null,
                m.group(7) == null ? 0 : Integer.parseInt(m.group(7)),
                first(m.group(8), (char) 0),
                m.group(9) == null ? -1 : Integer.parseInt(m.group(9)),
                first(m.group(10), (char) 0));
    }

    private static char first(String text, char otherwise) {
        return text == null ? otherwise : text.charAt(0);
    }

    String text(String value, Budget budget) {
        if (type != 0 && type != 's') {
            throw unknown("str");
        }
        if (align == '=') {
            if (!fill.equals("0")) {
                throw new TemplateException("'=' alignment not allowed in string format specifier");
            }
            return padded("", cut(value), '<', budget);
        }
        return padded("", cut(value), align == 0 ? '<' : align, budget);
    }

    private String cut(String value) {
        return precision >= 0 && precision < CodePoints.length(value)
                ? CodePoints.substring(value, 0, precision)
                : value;
    }

    String integer(BigInteger value, Budget budget) {
        if (type != 0 && "eEfFgG%".indexOf(type) >= 0) {
            return number(Numbers.toDouble(Numbers.normal(value)), budget);
        }
        if (type == 'c') {
            int c = Numbers.toInt("format", Numbers.normal(value));
            if (!Character.isValidCodePoint(c)) {
                throw new TemplateException("a character is not in range(0x110000)");
            }
            return padded("", Character.toString(c), align == 0 ? '<' : align, budget);
        }
        if (type != 0 && "dxXobn".indexOf(type) < 0) {
            throw unknown("int");
        }
        if (precision >= 0) {
            throw new TemplateException("Precision not allowed in integer format specifier");
        }
        String digits = NumberText.digits(value.abs(), type);
        boolean decimal = type == 0 || type == 'd' || type == 'n';
        if (grouping != 0) {
            digits = NumberText.grouped(digits, grouping, decimal ? 3 : 4);
        }
        return padded(signOf(value.signum() < 0) + (alternate && !decimal ? "0" + type : ""), digits, align, budget);
    }

    String number(double value, Budget budget) {
        if (type != 0 && "eEfFgG%n".indexOf(type) < 0) {
            throw unknown("float");
        }
        double magnitude = Math.abs(value);
        String digits;
        if (type == 0 && precision < 0) {
            digits = PythonText.floatRepr(magnitude);
        } else if (type == 0) {
            digits = shortest(magnitude, budget);
        } else {
            digits = NumberText.digits(
                    magnitude, type == 'n' ? 'g' : type, precision < 0 ? 6 : precision, alternate, budget);
        }
        if (grouping != 0) {
            digits = NumberText.grouped(digits, grouping, 3);
        }
        return padded(signOf(NumberText.isNegative(value)), digits, align, budget);
    }

    /** No type but a precision: as g, but with a digit behind the point, and an exponent one digit earlier. */
    private String shortest(double magnitude, Budget budget) {
        String digits = NumberText.digits(magnitude, 'g', precision, alternate, budget);
        if (!Double.isFinite(magnitude) || digits.indexOf('e') >= 0 || digits.indexOf('.') >= 0) {
            return digits;
        }
        return digits.length() < Math.max(1, precision) ? digits + ".0" : exponential(magnitude, budget);
    }

    private String exponential(double magnitude, Budget budget) {
        String digits = NumberText.digits(magnitude, 'e', Math.max(0, precision - 1), alternate, budget);
        int e = digits.indexOf('e');
        String mantissa = digits.substring(0, e);
        if (mantissa.indexOf('.') >= 0) {
            mantissa = mantissa.replaceFirst("\\.?0+$", "");
        }
        return magnitude == 0 ? "0.0" : mantissa + digits.substring(e);
    }

    private String signOf(boolean negative) {
        return negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
    }

    private String padded(String prefix, String body, char alignment, Budget budget) {
        int missing = width - CodePoints.length(body) - prefix.length();
        if (missing <= 0) {
            return prefix + body;
        }
        budget.text(width);
        return switch (alignment) {
            case '<' -> prefix + body + fill.repeat(missing);
            case '^' -> fill.repeat(missing / 2) + prefix + body + fill.repeat(missing - missing / 2);
            case '=' -> prefix + fill.repeat(missing) + body;
            default -> fill.repeat(missing) + prefix + body;
        };
    }

    private TemplateException unknown(String typeName) {
        return new TemplateException("Unknown format code " + PythonText.quote("" + type) + " for object of type "
                + PythonText.quote(typeName));
    }
}
