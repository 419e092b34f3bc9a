package dev.mimic.loader.tokenizer;

import java.util.Set;
import java.util.regex.PatternSyntaxException;

/**
 * Oniguruma's syntax (as Ruby has it) to Java's, for what differs: {@code \w}, {@code \b} and {@code \h}, names of properties,
 * POSIX brackets, the flag m, {@code {n,m}+}. The rest is the same in both, or unknown to Java and refused by it.
 */
final class RegexSyntax {
    /** Repetitions that an expression may ask for, nested ones multiplied: more could run long without reading text. */
    private static final long MAX_REPETITIONS = 100_000;

    private static final int MAX_LENGTH = 1 << 16;
    private static final Set<String> POSIX = Set.of("Alnum", "Alpha", "Lower", "Upper", "Punct", "Digit", "Space");

    /** Oniguruma's {@code \w} outside of brackets; within them numbers that are no digits do not count. */
    private static final String WORD = "\\p{IsAlphabetic}\\p{M}\\p{N}\\p{Pc}";

    private static final String WORD_IN_CLASS = "\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}";
    private static final String BOUNDARY =
            "(?:(?<=[" + WORD + "])(?![" + WORD + "])|(?<![" + WORD + "])(?=[" + WORD + "]))";

    private final String regex;
    private final StringBuilder java = new StringBuilder();
    private int at;
    private int classDepth;
    private long repetitions = 1;

    private RegexSyntax(String regex) {
        this.regex = regex;
    }

    /**
     * Translates an expression.
     *
     * @throws PatternSyntaxException if it cannot be done
     */
    static String toJava(String regex) {
        if (regex.length() > MAX_LENGTH) {
            throw new PatternSyntaxException("longer than " + MAX_LENGTH, regex.substring(0, 100), -1);
        }
        return new RegexSyntax(regex).translate();
    }

    private String translate() {
        while (at < regex.length()) {
            char c = regex.charAt(at);
            if (c == '\\') {
                escape();
            } else if (c == '[') {
                bracket();
            } else if (c == ']' && classDepth > 0) {
                classDepth--;
                copy(1);
            } else if (c == '{' && classDepth == 0) {
                interval();
            } else if (regex.startsWith("(?", at) && classDepth == 0) {
                group();
            } else {
                copy(1);
            }
        }
        return java.toString();
    }

    private void copy(int length) {
        int end = Math.min(at + length, regex.length());
        java.append(regex, at, end);
        at = end;
    }

    private void escape() {
        char escaped = at + 1 < regex.length() ? regex.charAt(at + 1) : 0;
        switch (escaped) {
            case 'p', 'P' -> property(escaped);
            case 'w' -> replace("[" + word() + "]");
            case 'W' -> replace("[^" + word() + "]");
            case 'b' -> replace(classDepth > 0 ? "\\x08" : BOUNDARY);
            case 'B' -> replace("(?!" + BOUNDARY + ")");
            case 'h' -> replace("[0-9a-fA-F]");
            case 'H' -> replace("[^0-9a-fA-F]");
            case 'K', 'G', 'g', 'k', 'y', 'Y', 'O', 'N', 'Q', 'E' ->
                throw new PatternSyntaxException("\\" + escaped + " is not supported", regex, at);
            default -> copy(2);
        }
    }

    private String word() {
        return classDepth > 0 ? WORD_IN_CLASS : WORD;
    }

    private void replace(String text) {
        java.append(text);
        at += 2;
    }

    /** {@code \p{^Name}}, {@code \p{Script}}, {@code \pL}. */
    private void property(char escaped) {
        int open = at + 2;
        int close = regex.indexOf('}', open);
        if (open >= regex.length() || regex.charAt(open) != '{' || close < 0) {
            copy(2);
            return;
        }
        String name = regex.substring(open + 1, close);
        boolean negated = escaped == 'P';
        if (name.startsWith("^")) {
            name = name.substring(1);
            negated = !negated;
        }
        java.append(negated ? "\\P{" : "\\p{").append(javaName(name)).append('}');
        at = close + 1;
    }

    /** General categories have the same short names; scripts and binary properties want "Is". */
    private static String javaName(String name) {
        boolean category = name.length() <= 2 || name.equals("Any");
        return category || POSIX.contains(name) || name.startsWith("Is") || name.startsWith("In") ? name : "Is" + name;
    }

    private void bracket() {
        if (classDepth > 0 && regex.startsWith("[:", at)) {
            int end = regex.indexOf(":]", at);
            if (end > 0) {
                boolean negated = regex.startsWith("[:^", at);
                String name = regex.substring(at + (negated ? 3 : 2), end);
                java.append(negated ? "[^" : "[").append(posix(name)).append(']');
                at = end + 2;
                return;
            }
        }
        classDepth++;
        copy(1);
        if (at < regex.length() && regex.charAt(at) == '^') {
            copy(1);
        }
        if (at < regex.length() && regex.charAt(at) == ']') {
            // a bracket that comes first is a character
            java.append('\\');
            copy(1);
        }
    }

    private static String posix(String name) {
        return switch (name) {
            case "word" -> WORD_IN_CLASS;
            case "punct" -> "\\p{P}\\p{S}";
            default -> "\\p{" + (name.isEmpty() ? "" : Character.toUpperCase(name.charAt(0)) + name.substring(1)) + "}";
        };
    }

    private void interval() {
        int close = regex.indexOf('}', at);
        if (close < 0 || !isInterval(regex.substring(at + 1, close))) {
            // not an interval: a brace
            java.append('\\');
            copy(1);
            return;
        }
        String[] bounds = regex.substring(at + 1, close).split(",", -1);
        long most = Long.parseLong(bounds[bounds.length - 1].isEmpty() ? bounds[0] : bounds[bounds.length - 1]);
        repetitions *= Math.max(1, most);
        if (most > MAX_REPETITIONS || repetitions > MAX_REPETITIONS) {
            throw new PatternSyntaxException("more than " + MAX_REPETITIONS + " repetitions", regex, at);
        }
        if (close + 1 < regex.length() && regex.charAt(close + 1) == '+') {
            throw new PatternSyntaxException("a repeated interval means something else in Java", regex, at);
        }
        copy(close + 1 - at);
    }

    private static boolean isInterval(String text) {
        return text.length() <= 20 && text.matches("[0-9]{1,9}(,[0-9]{0,9})?");
    }

    /** {@code (?m)} lets the dot match line ends: s in Java. */
    private void group() {
        int flags = at + 2;
        int end = flags;
        while (end < regex.length() && "imx-".indexOf(regex.charAt(end)) >= 0) {
            end++;
        }
        boolean isFlags = end > flags && end < regex.length() && (regex.charAt(end) == ':' || regex.charAt(end) == ')');
        java.append("(?");
        at = flags;
        if (isFlags) {
            java.append(regex.substring(flags, end).replace('m', 's'));
            at = end;
        }
    }
}
