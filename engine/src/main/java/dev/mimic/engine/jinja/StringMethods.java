package dev.mimic.engine.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** Methods of Python's str. */
final class StringMethods {
    static final Set<String> NAMES = Set.of(
            "capitalize",
            "casefold",
            "center",
            "count",
            "endswith",
            "expandtabs",
            "find",
            "format",
            "format_map",
            "index",
            "isalnum",
            "isalpha",
            "isascii",
            "isdecimal",
            "isdigit",
            "isidentifier",
            "islower",
            "isnumeric",
            "isprintable",
            "isspace",
            "istitle",
            "isupper",
            "join",
            "ljust",
            "lower",
            "lstrip",
            "partition",
            "removeprefix",
            "removesuffix",
            "replace",
            "rfind",
            "rindex",
            "rjust",
            "rpartition",
            "rsplit",
            "rstrip",
            "split",
            "splitlines",
            "startswith",
            "strip",
            "swapcase",
            "title",
            "upper",
            "zfill");

    /** First and last of each range of digits that are no decimals: Numeric_Type is Digit, Unicode 14. */
    private static final int[] DIGITS = {
        0xB2, 0xB3, 0xB9, 0xB9, 0x1369, 0x1371, 0x19DA, 0x19DA, 0x2070, 0x2070, 0x2074, 0x2079, 0x2080, 0x2089, 0x2460,
        0x2468, 0x2474, 0x247C, 0x2488, 0x2490, 0x24EA, 0x24EA, 0x24F5, 0x24FD, 0x24FF, 0x24FF, 0x2776, 0x277E, 0x2780,
        0x2788, 0x278A, 0x2792, 0x10A40, 0x10A43, 0x10E60, 0x10E68, 0x11052, 0x1105A, 0x1F100, 0x1F10A
    };

    private StringMethods() {}

    static Object call(String text, String name, Arguments arguments, Budget budget) {
        budget.text(text.length());
        return switch (name) {
            case "strip", "lstrip", "rstrip" ->
                CodePoints.strip(
                        text,
                        arguments.bind(name, "chars?").text(0, null),
                        !name.equals("rstrip"),
                        !name.equals("lstrip"));
            case "split", "rsplit" -> {
                Arguments.Bound bound = arguments.bind(name, "sep?", "maxsplit?");
                yield split(text, bound.text(0, null), bound.integer(1, -1), name.equals("rsplit"), budget);
            }
            case "splitlines" -> lines(text, arguments.bind(name, "keepends?").flag(0, false), budget);
            case "partition", "rpartition" ->
                partition(text, arguments.bind(name, "sep").text(0), name.equals("rpartition"), budget);
            case "join" -> join(text, arguments.bind(name, "iterable").get(0), budget);
            case "replace" -> {
                Arguments.Bound bound = arguments.bind(name, "old", "new", "count?");
                yield TextSearch.replace(text, bound.text(0), bound.text(1), bound.integer(2, -1), budget);
            }
            case "removeprefix" -> {
                String prefix = arguments.bind(name, "prefix").text(0);
                yield text.startsWith(prefix) ? text.substring(prefix.length()) : text;
            }
            case "removesuffix" -> {
                String suffix = arguments.bind(name, "suffix").text(0);
                yield text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
            }
            case "startswith", "endswith", "count", "find", "rfind", "index", "rindex" ->
                searched(text, name, arguments, budget);
            case "center", "ljust", "rjust" -> {
                Arguments.Bound bound = arguments.bind(name, "width", "fillchar?");
                yield pad(text, bound.integer(0), bound.text(1, " "), name, budget);
            }
            case "zfill" -> zeroFill(text, arguments.bind(name, "width").integer(0), budget);
            case "expandtabs" ->
                expandTabs(text, arguments.bind(name, "tabsize?").integer(0, 8), budget);
            case "format" -> BraceFormat.format(text, arguments, budget);
            case "format_map" ->
                BraceFormat.format(
                        text,
                        BraceFormat.mapping(arguments.bind(name, "mapping").get(0)),
                        budget);
            default -> {
                arguments.bind(name);
                yield name.startsWith("is") ? test(text, name) : TextCase.change(text, name);
            }
        };
    }

    private static boolean test(String text, String name) {
        return switch (name) {
            case "isspace" -> all(text, CodePoints::isSpace);
            case "isalpha" -> all(text, Character::isLetter);
            case "isdecimal" -> all(text, Character::isDigit);
            case "isdigit" -> all(text, StringMethods::isDigit);
            case "isnumeric" -> all(text, StringMethods::isNumeric);
            case "isalnum" -> all(text, c -> Character.isLetter(c) || isNumeric(c));
            case "isascii" -> text.chars().allMatch(c -> c < 128);
            case "isprintable" -> text.codePoints().allMatch(PythonText::isPrintable);
            case "isidentifier" -> isIdentifier(text);
            case "islower" -> TextCase.isLower(text);
            case "isupper" -> TextCase.isUpper(text);
            case "istitle" -> TextCase.isTitle(text);
            default -> throw new IllegalStateException(name);
        };
    }

    private static boolean all(String text, IntPredicate test) {
        return !text.isEmpty() && text.codePoints().allMatch(test);
    }

    /** Decimal digits and those in superscript, subscript or circles, which are digits but no decimals. */
    private static boolean isDigit(int c) {
        return Character.isDigit(c)
                || IntStream.range(0, DIGITS.length / 2).anyMatch(i -> c >= DIGITS[2 * i] && c <= DIGITS[2 * i + 1]);
    }

    static boolean isNumeric(int c) {
        return Character.isDigit(c)
                || Character.getType(c) == Character.OTHER_NUMBER
                || Character.getType(c) == Character.LETTER_NUMBER;
    }

    static boolean isIdentifier(String text) {
        return !text.isEmpty()
                && (text.charAt(0) == '_' || Character.isUnicodeIdentifierStart(text.codePointAt(0)))
                && text.codePoints()
                        .allMatch(c -> Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
    }

    /** Python's {@code str.split} and {@code str.rsplit}. */
    static List<Object> split(String text, String separator, int limit, boolean right, Budget budget) {
        if (separator == null) {
            return splitAtSpace(text, limit < 0 ? Integer.MAX_VALUE : limit, right, budget);
        }
        if (separator.isEmpty()) {
            throw new TemplateException("empty separator");
        }
        int most = limit < 0 ? Integer.MAX_VALUE : limit;
        List<Integer> places = right
                ? TextSearch.allFromRight(text, separator, most, budget).reversed()
                : TextSearch.all(text, separator, most, budget);
        List<Object> parts = new ArrayList<>(places.size() + 1);
        int from = 0;
        for (int at : places) {
            budget.items(2);
            parts.add(text.substring(from, at));
            from = at + separator.length();
        }
        parts.add(text.substring(from));
        return parts;
    }

    private static List<Object> splitAtSpace(String text, int limit, boolean right, Budget budget) {
        List<Object> parts = new ArrayList<>();
        String rest = CodePoints.strip(text, null, true, true);
        int from = 0;
        int to = rest.length();
        while (parts.size() < limit && from < to) {
            budget.items(2);
            int at = right ? to : from;
            while (right ? at > from && !space(rest, at - 1) : at < to && !space(rest, at)) {
                at += right ? -1 : 1;
            }
            parts.add(right ? rest.substring(at, to) : rest.substring(from, at));
            while (right ? at > from && space(rest, at - 1) : at < to && space(rest, at)) {
                at += right ? -1 : 1;
            }
            from = right ? from : at;
            to = right ? at : to;
        }
        if (from < to) {
            // the rest keeps the space at its far side
            String whole =
                    right ? text.substring(0, text.indexOf(rest) + to) : text.substring(text.indexOf(rest) + from);
            parts.add(CodePoints.strip(whole, null, false, right));
        }
        return right ? parts.reversed() : parts;
    }

    /** All white space is in the basic plane. */
    private static boolean space(String text, int at) {
        return CodePoints.isSpace(text.charAt(at));
    }

    /** Python's {@code str.splitlines}. */
    static List<Object> lines(String text, boolean keepEnds, Budget budget) {
        List<Object> lines = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            if (CodePoints.isLineEnd(text.charAt(i))) {
                boolean pair = text.charAt(i) == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n';
                int end = i + (pair ? 2 : 1);
                budget.items(2);
                lines.add(text.substring(from, keepEnds ? end : i));
                from = end;
                i = end - 1;
            }
        }
        if (from < text.length()) {
            lines.add(text.substring(from));
        }
        return lines;
    }

    private static Tuple partition(String text, String separator, boolean right, Budget budget) {
        if (separator.isEmpty()) {
            throw new TemplateException("empty separator");
        }
        List<Integer> found = right
                ? TextSearch.allFromRight(text, separator, 1, budget)
                : TextSearch.all(text, separator, 1, budget);
        if (found.isEmpty()) {
            return new Tuple(right ? List.of("", "", text) : List.of(text, "", ""));
        }
        int at = found.getFirst();
        return new Tuple(List.of(text.substring(0, at), separator, text.substring(at + separator.length())));
    }

    private static String join(String separator, Object items, Budget budget) {
        StringBuilder joined = new StringBuilder();
        int index = 0;
        for (Iterator<Object> all = Items.iterate(items, budget); all.hasNext(); index++) {
            Object item = all.next();
            if (!Operators.isText(item)) {
                throw new TemplateException(
                        "sequence item " + index + ": expected str instance, " + PythonText.typeName(item) + " found");
            }
            String text = PythonText.str(item, budget);
            budget.text(text.length() + (long) separator.length());
            joined.append(index > 0 ? separator : "").append(text);
        }
        return joined.toString();
    }

    private static Object searched(String text, String name, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.bind(name, "sub", "start?", "end?");
        int length = CodePoints.length(text);
        int start = clip(bound.get(1, null), 0, length);
        int end = clip(bound.get(2, null), length, length);
        boolean outside = start > length || start > end;
        String range = outside ? "" : CodePoints.substring(text, start, end);
        if (name.endsWith("with")) {
            List<Object> wanted = bound.get(0) instanceof Tuple tuple ? tuple.items() : List.of(bound.text(0));
            return !outside
                    && wanted.stream()
                            .map(part -> PythonText.expectText(name, part))
                            .anyMatch(
                                    part -> name.equals("startswith") ? range.startsWith(part) : range.endsWith(part));
        }
        String wanted = bound.text(0);
        if (name.equals("count")) {
            return outside
                    ? 0L
                    : wanted.isEmpty()
                            ? CodePoints.length(range) + 1L
                            : (long) TextSearch.all(range, wanted, Integer.MAX_VALUE, budget)
                                    .size();
        }
        long found = outside ? -1 : position(range, wanted, name.startsWith("r"), budget);
        if (found < 0 && name.endsWith("index")) {
            throw new TemplateException("substring not found");
        }
        return found < 0 ? -1L : start + found;
    }

    private static int clip(Object bound, int otherwise, int length) {
        if (bound == null) {
            return otherwise;
        }
        long index = Numbers.toInt("index", bound);
        // a start beyond the end finds nothing, not even an empty text
        return (int) Math.clamp(index < 0 ? index + length : index, 0L, otherwise == length ? length : length + 1L);
    }

    private static long position(String text, String wanted, boolean last, Budget budget) {
        if (wanted.isEmpty()) {
            return last ? CodePoints.length(text) : 0;
        }
        List<Integer> found =
                last ? TextSearch.allFromRight(text, wanted, 1, budget) : TextSearch.all(text, wanted, 1, budget);
        return found.isEmpty() ? -1 : text.codePointCount(0, found.getFirst());
    }

    static String pad(String text, int width, String fill, String how, Budget budget) {
        if (CodePoints.length(fill) != 1) {
            throw new TemplateException("The fill character must be exactly one character long");
        }
        int missing = width - CodePoints.length(text);
        if (missing <= 0) {
            return text;
        }
        budget.text(width);
        // CPython puts the odd one to the left where the width is odd
        int left = switch (how) {
            case "ljust" -> 0;
            case "rjust" -> missing;
            default -> missing / 2 + (missing & width & 1);
        };
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    private static String zeroFill(String text, int width, Budget budget) {
        boolean signed = text.startsWith("-") || text.startsWith("+");
        int missing = Math.max(0, width - CodePoints.length(text));
        budget.text((long) text.length() + missing);
        return signed ? text.charAt(0) + "0".repeat(missing) + text.substring(1) : "0".repeat(missing) + text;
    }

    private static String expandTabs(String text, int size, Budget budget) {
        StringBuilder expanded = new StringBuilder();
        int column = 0;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (c == '\t') {
                int blanks = size > 0 ? size - column % size : 0;
                budget.text(blanks);
                expanded.append(" ".repeat(blanks));
                column += blanks;
            } else {
                expanded.appendCodePoint(c);
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
        }
        return expanded.toString();
    }
}
