package dev.mimic.adapt.task;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * When two answers in LaTeX are the same. The normalisation is that of the MATH data set's own code, which the
 * Transformer² code took over: spacing commands, {@code \left} and {@code \right}, dollar and per cent signs, degrees and
 * units at the end are dropped; {@code dfrac} and {@code tfrac} are {@code frac}; {@code \frac12} and {@code \sqrt2} get
 * their braces; {@code a/b} of integers is a fraction; {@code x=5} is 5; {@code .5} is 0.5. Added here: words in
 * {@code \text} and the like stand for themselves, {@code (C)} is C, {@code _{5}} is {@code _5}, commas between groups of
 * three digits go.
 *
 * <p>Normalised answers are the same if their texts are, if both are numbers or fractions of equal value, or if both are
 * lists (in equal brackets or none) whose members are the same one by one. There is no algebra: {@code 2k+2} is not
 * {@code 2(k+1)}, which the Transformer² code's sympy would accept; nor are its rules taken over that 50 may stand for
 * 0.5 or 5000, that brackets and braces do not matter, or that 1e-4 is near enough.
 */
final class MathAnswer {
    private static final int MAX_DEPTH = 50;
    private static final int MAX_LENGTH = 4096; // longer ones are no answers, and braces would take quadratic time
    private static final Pattern SPACING = Pattern.compile("(?<!\\\\)\\\\[!,;: ]|\\\\q?quad(?![A-Za-z])|~");
    private static final Pattern SIZES = Pattern.compile("\\\\(?:left|right|displaystyle)(?![A-Za-z])|\\\\[()\\[\\]]");
    private static final Pattern UNIT = Pattern.compile("(?<=.)\\\\(?:text|mbox|mathrm)\\{ [^{}]*\\}.*$");
    private static final Pattern WORD =
            Pattern.compile("\\\\(?:text|textbf|textit|textrm|mbox|mathrm|mathbf)\\{([^{}]*)\\}");
    private static final Pattern POINT = Pattern.compile("(?<![0-9])\\.(?=[0-9])");
    private static final Pattern NAMED = Pattern.compile("[A-Za-z][A-Za-z0-9]?=([^=]+)");
    private static final Pattern SINGLE = Pattern.compile("([_^])\\{([A-Za-z0-9])\\}");
    private static final Pattern OPTION = Pattern.compile("\\(([A-Za-z])\\)");
    private static final Pattern SLASH = Pattern.compile("(-?[0-9]+)/([0-9]+)");
    private static final Pattern GROUPED = Pattern.compile("-?[0-9]{1,3}(?:,[0-9]{3})+(?:\\.[0-9]+)?");
    private static final Pattern DECIMAL = Pattern.compile("-?[0-9]+(?:\\.[0-9]+)?");
    private static final Pattern FRACTION =
            Pattern.compile("(-?)\\\\frac\\{(-?[0-9]+(?:\\.[0-9]+)?)\\}\\{(-?[0-9]+(?:\\.[0-9]+)?)\\}");

    private MathAnswer() {}

    /** Whether two answers are the same. */
    static boolean same(String one, String other) {
        return sameNormal(normal(one), normal(other), 0);
    }

    /** The form that answers are compared in. */
    static String normal(String answer) {
        String text = answer.strip().replace("\n", "");
        if (text.length() > MAX_LENGTH) {
            return text;
        }
        text = SPACING.matcher(text).replaceAll("");
        text = text.replace("tfrac", "frac").replace("dfrac", "frac");
        text = SIZES.matcher(text).replaceAll("");
        text = text.replace("^{\\circ}", "").replace("^\\circ", "");
        text = text.replace("\\$", "").replace("$", "").replace("\\%", "").replace("%", "");
        text = UNIT.matcher(text).replaceFirst("");
        text = WORD.matcher(text).replaceAll("$1");
        text = withBraces(text, 0).replace(" ", "");
        text = POINT.matcher(text).replaceAll("0.");
        if (text.endsWith(".")) {
            text = text.substring(0, text.length() - 1);
        }
        Matcher named = NAMED.matcher(text);
        text = named.matches() ? named.group(1) : text;
        text = SINGLE.matcher(text).replaceAll("$1$2");
        Matcher option = OPTION.matcher(text);
        text = option.matches() ? option.group(1) : text;
        Matcher slash = SLASH.matcher(text);
        text = slash.matches() ? "\\frac{" + slash.group(1) + "}{" + slash.group(2) + "}" : text;
        return GROUPED.matcher(text).matches() ? text.replace(",", "") : text;
    }

    private static boolean sameNormal(String one, String other, int depth) {
        if (one.equals(other)) {
            return !one.isEmpty();
        }
        Optional<Ratio> first = Ratio.of(one);
        Optional<Ratio> second = Ratio.of(other);
        if (first.isPresent() && second.isPresent()) {
            return first.get().equalTo(second.get());
        }
        return depth < MAX_DEPTH
                && one.length() <= MAX_LENGTH
                && other.length() <= MAX_LENGTH
                && sameLists(one, other, depth);
    }

    private static boolean sameLists(String one, String other, int depth) {
        boolean bracketed = isBracketed(one) && isBracketed(other);
        if (bracketed && (one.charAt(0) != other.charAt(0) || one.charAt(one.length() - 1) != last(other))) {
            return false;
        }
        List<String> first = members(bracketed ? one.substring(1, one.length() - 1) : one);
        List<String> second = members(bracketed ? other.substring(1, other.length() - 1) : other);
        if (first.size() != second.size() || first.size() < 2) {
            return false;
        }
        for (int i = 0; i < first.size(); i++) {
            if (!sameNormal(first.get(i), second.get(i), depth + 1)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isBracketed(String text) {
        return text.length() > 2 && "([".indexOf(text.charAt(0)) >= 0 && ")]".indexOf(last(text)) >= 0;
    }

    private static char last(String text) {
        return text.charAt(text.length() - 1);
    }

    /** Split at the commas that stand in no bracket or brace. */
    private static List<String> members(String text) {
        List<String> members = new ArrayList<>();
        int depth = 0;
        int begin = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ("([{".indexOf(c) >= 0) {
                depth++;
            } else if (")]}".indexOf(c) >= 0) {
                depth--;
            } else if (c == ',' && depth == 0) {
                members.add(text.substring(begin, i));
                begin = i + 1;
            }
        }
        members.add(text.substring(begin));
        return members;
    }

    /** Puts braces around the arguments of frac and sqrt where LaTeX lets them be left out. */
    private static String withBraces(String text, int depth) {
        if (depth > MAX_DEPTH) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        int i = 0;
        while (i < text.length()) {
            if (isCommand(text, "\\frac", i)) {
                out.append("\\frac");
                i = argument(text, argument(text, i + 5, out, depth), out, depth);
            } else if (isCommand(text, "\\sqrt", i) && text.indexOf("[", i) != i + 5) {
                out.append("\\sqrt");
                i = argument(text, i + 5, out, depth);
            } else {
                out.append(text.charAt(i++));
            }
        }
        return out.toString();
    }

    private static boolean isCommand(String text, String command, int at) {
        int end = at + command.length();
        return text.startsWith(command, at) && (end == text.length() || !isLetter(text.charAt(end)));
    }

    private static boolean isLetter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }

    /** Appends the argument that begins at or after {@code at}, in braces, and gives the index behind it. */
    private static int argument(String text, int at, StringBuilder out, int depth) {
        int begin = at;
        while (begin < text.length() && text.charAt(begin) == ' ') {
            begin++;
        }
        if (begin == text.length()) {
            return begin;
        }
        int end = begin + 1;
        if (text.charAt(begin) == '{') {
            end = groupEnd(text, begin);
            if (end < 0) {
                return begin;
            }
            out.append('{')
                    .append(withBraces(text.substring(begin + 1, end), depth + 1))
                    .append('}');
            return end + 1;
        }
        if (text.charAt(begin) == '\\') {
            while (end < text.length() && isLetter(text.charAt(end))) {
                end++;
            }
        }
        out.append('{').append(text, begin, end).append('}');
        return end;
    }

    /** The index of the brace that closes the one at {@code begin}; -1 if none does. */
    static int groupEnd(String text, int begin) {
        int depth = 0;
        for (int i = begin; i < text.length(); i++) {
            if (text.charAt(i) == '{') {
                depth++;
            } else if (text.charAt(i) == '}' && --depth == 0) {
                return i;
            }
        }
        return -1;
    }

    /** A number as a quotient; the denominator is not 0. */
    private record Ratio(BigDecimal numerator, BigDecimal denominator) {
        static Optional<Ratio> of(String text) {
            Matcher fraction = FRACTION.matcher(text);
            if (fraction.matches()) {
                BigDecimal above = new BigDecimal(fraction.group(2));
                BigDecimal below = new BigDecimal(fraction.group(3));
                return below.signum() == 0
                        ? Optional.empty()
                        : Optional.of(new Ratio(fraction.group(1).isEmpty() ? above : above.negate(), below));
            }
            return DECIMAL.matcher(text).matches()
                    ? Optional.of(new Ratio(new BigDecimal(text), BigDecimal.ONE))
                    : Optional.empty();
        }

        boolean equalTo(Ratio other) {
            return numerator.multiply(other.denominator).compareTo(other.numerator.multiply(denominator)) == 0;
        }
    }
}
