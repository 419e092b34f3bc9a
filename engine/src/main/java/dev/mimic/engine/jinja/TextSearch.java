package dev.mimic.engine.jinja;

import java.util.ArrayList;
import java.util.List;

/**
 * Searching in texts in linear time: {@link String#indexOf(String)} compares every beginning, which a hostile template
 * makes quadratic, so long needles are found by Knuth-Morris-Pratt.
 */
final class TextSearch {
    private static final int SHORT = 32;

    private TextSearch() {}

    /** Where {@code needle} is found first from {@code from} on, -1 if nowhere; needle not empty. */
    static int indexOf(String text, String needle, int from, Budget budget) {
        budget.steps((text.length() - from) / 16);
        if (needle.length() <= SHORT) {
            return text.indexOf(needle, from);
        }
        return next(text, needle, from, borders(needle, budget));
    }

    private static int[] borders(String needle, Budget budget) {
        budget.text(2L * needle.length());
        int[] border = new int[needle.length() + 1];
        for (int n = 1, length = 0; n < needle.length(); n++) {
            while (length > 0 && needle.charAt(n) != needle.charAt(length)) {
                length = border[length];
            }
            length += needle.charAt(n) == needle.charAt(length) ? 1 : 0;
            border[n + 1] = length;
        }
        return border;
    }

    static boolean contains(String text, String needle, Budget budget) {
        return needle.isEmpty() || indexOf(text, needle, 0, budget) >= 0;
    }

    /** Where {@code needle} begins, without overlap, from the left; at most {@code limit} places. */
    static List<Integer> all(String text, String needle, int limit, Budget budget) {
        List<Integer> found = new ArrayList<>();
        budget.steps(text.length() / 16);
        int[] borders = needle.length() > SHORT ? borders(needle, budget) : null;
        int at = 0;
        while (found.size() < limit && at <= text.length() - needle.length()) {
            int next = borders == null ? text.indexOf(needle, at) : next(text, needle, at, borders);
            if (next < 0) {
                break;
            }
            budget.items(1);
            found.add(next);
            at = next + needle.length();
        }
        return found;
    }

    /** As {@link #all}, from the right; places in descending order. */
    static List<Integer> allFromRight(String text, String needle, int limit, Budget budget) {
        List<Integer> found = new ArrayList<>();
        for (int at : all(mirror(text, budget), mirror(needle, budget), limit, budget)) {
            found.add(text.length() - at - needle.length());
        }
        return found;
    }

    /** The chars in reverse order, surrogate pairs torn apart: only positions matter. */
    private static String mirror(String text, Budget budget) {
        budget.text(text.length());
        char[] chars = new char[text.length()];
        for (int i = 0; i < chars.length; i++) {
            chars[i] = text.charAt(chars.length - 1 - i);
        }
        return new String(chars);
    }

    private static int next(String text, String needle, int from, int[] borders) {
        int state = 0;
        for (int i = from; i < text.length(); i++) {
            while (state > 0 && needle.charAt(state) != text.charAt(i)) {
                state = borders[state];
            }
            state += needle.charAt(state) == text.charAt(i) ? 1 : 0;
            if (state == needle.length()) {
                return i + 1 - state;
            }
        }
        return -1;
    }

    /** Python's {@code str.replace}; at most {@code count} times, all if negative. */
    static String replace(String text, String old, String replacement, int count, Budget budget) {
        int limit = count < 0 ? Integer.MAX_VALUE : count;
        if (old.isEmpty()) {
            return interleave(text, replacement, limit, budget);
        }
        List<Integer> places = all(text, old, limit, budget);
        if (places.isEmpty()) {
            return text;
        }
        budget.text(text.length() + (long) places.size() * (replacement.length() - old.length()));
        StringBuilder result = new StringBuilder();
        int from = 0;
        for (int at : places) {
            result.append(text, from, at).append(replacement);
            from = at + old.length();
        }
        return result.append(text, from, text.length()).toString();
    }

    /** An empty text stands before every code point and at the end. */
    private static String interleave(String text, String between, int limit, Budget budget) {
        budget.text(text.length() + (long) between.length() * Math.min(limit, text.length() + 1L));
        StringBuilder result = new StringBuilder();
        int left = limit;
        for (int i = 0; i < text.length(); ) {
            result.append(left-- > 0 ? between : "");
            int c = text.codePointAt(i);
            result.appendCodePoint(c);
            i += Character.charCount(c);
        }
        return result.append(left > 0 ? between : "").toString();
    }
}
