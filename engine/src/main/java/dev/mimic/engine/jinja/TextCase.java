package dev.mimic.engine.jinja;

import java.util.Locale;

/** Upper, lower and title case as Python has them. */
final class TextCase {
    private TextCase() {}

    static String change(String text, String method) {
        return switch (method) {
            case "upper" -> upper(text);
            case "lower" -> lower(text);
            case "casefold" -> caseFold(text);
            case "capitalize" -> capitalize(text);
            case "title" -> title(text);
            case "swapcase" -> swap(text);
            default -> throw new IllegalStateException(method);
        };
    }

    static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    private static String caseFold(String text) {
        StringBuilder folded = new StringBuilder();
        // upper then lower unfolds ß to ss and ς to σ, one code point at a time without final-sigma rules
        text.codePoints().forEach(c -> folded.append(lower(upper(Character.toString(c)))));
        return folded.toString();
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = Character.charCount(text.codePointAt(0));
        // lowered as a whole: a final sigma looks at what stands before it
        String lowered = lower(text);
        String loweredFirst = lower(text.substring(0, first));
        return titleCase(text.codePointAt(0)) + lowered.substring(Math.min(loweredFirst.length(), lowered.length()));
    }

    private static String titleCase(int c) {
        String upper = upper(Character.toString(c));
        if (upper.codePointCount(0, upper.length()) == 1) {
            return Character.toString(Character.toTitleCase(c));
        }
        int first = Character.charCount(upper.codePointAt(0));
        return upper.substring(0, first) + lower(upper.substring(first));
    }

    private static String title(String text) {
        StringBuilder titled = new StringBuilder();
        boolean inWord = false;
        String lowered = lower(text);
        boolean aligned = lowered.length() == text.length();
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            int next = i + Character.charCount(c);
            String low = aligned ? lowered.substring(i, next) : lower(Character.toString(c));
            titled.append(inWord ? low : titleCase(c));
            inWord = isCased(c);
            i = next;
        }
        return titled.toString();
    }

    private static String swap(String text) {
        StringBuilder swapped = new StringBuilder();
        text.codePoints().forEach(c -> {
            String one = Character.toString(c);
            swapped.append(Character.isUpperCase(c) ? lower(one) : Character.isLowerCase(c) ? upper(one) : one);
        });
        return swapped.toString();
    }

    private static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    static boolean isLower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    static boolean isTitle(String text) {
        boolean any = false;
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            boolean capital = Character.isUpperCase(c) || Character.isTitleCase(c);
            if (capital ? inWord : Character.isLowerCase(c) && !inWord) {
                return false;
            }
            inWord = isCased(c);
            any |= inWord;
        }
        return any;
    }
}
