package dev.mimic.engine.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Python's {@code textwrap.wrap} as the filter {@code wordwrap} uses it: white space kept as it is, tabs not expanded. */
final class TextWrap {
    private TextWrap() {}

    /** The lines of a text without line ends. */
    static List<String> wrap(String text, int width, boolean breakLong, boolean breakHyphens, Budget budget) {
        Deque<String> chunks = new ArrayDeque<>(chunks(text, breakHyphens, budget));
        List<String> lines = new ArrayList<>();
        while (!chunks.isEmpty()) {
            if (!lines.isEmpty() && isBlank(chunks.peek())) {
                chunks.pop();
                continue;
            }
            List<String> line = new ArrayList<>();
            int length = 0;
            while (!chunks.isEmpty() && !CodePoints.longerThan(chunks.peek(), width - length)) {
                length += CodePoints.length(chunks.peek());
                line.add(chunks.pop());
            }
            if (!chunks.isEmpty() && CodePoints.longerThan(chunks.peek(), width)) {
                tooLong(chunks, line, width - length, breakLong, breakHyphens, budget);
            }
            if (!line.isEmpty() && isBlank(line.getLast())) {
                line.removeLast();
            }
            if (!line.isEmpty()) {
                String joined = String.join("", line);
                budget.text(joined.length());
                lines.add(joined);
            }
        }
        return lines;
    }

    private static boolean isBlank(String chunk) {
        return CodePoints.strip(chunk, null, true, false).isEmpty();
    }

    /** Places a chunk that is longer than a line: the part that fits, or all of it on a line of its own. */
    private static void tooLong(
            Deque<String> chunks, List<String> line, int room, boolean breakLong, boolean breakHyphens, Budget budget) {
        if (breakLong) {
            String chunk = chunks.pop();
            budget.text(chunk.length());
            int end = chunk.offsetByCodePoints(0, Math.max(1, room));
            int hyphen = breakHyphens ? chunk.lastIndexOf('-', end - 1) : -1;
            if (hyphen > 0 && chunk.substring(0, hyphen).chars().anyMatch(c -> c != '-')) {
                end = hyphen + 1;
            }
            line.add(chunk.substring(0, end));
            chunks.push(chunk.substring(end));
        } else if (line.isEmpty()) {
            line.add(chunks.pop());
        }
    }

    /** Words, the white space between them, and the parts of words behind which a hyphen lets them be broken. */
    private static List<String> chunks(String text, boolean breakHyphens, Budget budget) {
        List<String> chunks = new ArrayList<>();
        int from = 0;
        while (from < text.length()) {
            boolean space = isSpace(text.charAt(from));
            int to = from;
            while (to < text.length() && isSpace(text.charAt(to)) == space) {
                to++;
            }
            budget.items(2);
            if (space || !breakHyphens) {
                chunks.add(text.substring(from, to));
            } else {
                word(text.substring(from, to), chunks);
            }
            from = to;
        }
        return chunks;
    }

    /** White space of textwrap is ASCII only. */
    private static boolean isSpace(char c) {
        return c == ' ' || (c >= 9 && c <= 13);
    }

    /** Splits behind hyphens between letters, and around dashes of two or more. */
    private static void word(String word, List<String> chunks) {
        int from = 0;
        for (int i = 0; i < word.length(); i++) {
            if (word.charAt(i) != '-') {
                continue;
            }
            int end = i;
            while (end < word.length() && word.charAt(end) == '-') {
                end++;
            }
            if (end - i >= 2
                    && i > from
                    && end < word.length()
                    && isWord(word.charAt(end))
                    && isWordOrMark(word.charAt(i - 1))) {
                chunks.add(word.substring(from, i));
                chunks.add(word.substring(i, end));
                from = end;
            } else if (end - i == 1 && hyphenBreaks(word, i)) {
                chunks.add(word.substring(from, end));
                from = end;
            }
            i = end - 1;
        }
        if (from < word.length()) {
            chunks.add(word.substring(from));
        }
    }

    /** Behind {@code ab-} or {@code a-b-}, and before {@code cd} or {@code c-d}. */
    private static boolean hyphenBreaks(String word, int at) {
        boolean before = (letter(word, at - 1) && letter(word, at - 2))
                || (letter(word, at - 1) && at >= 3 && word.charAt(at - 2) == '-' && letter(word, at - 3));
        boolean after = letter(word, at + 1)
                && (letter(word, at + 2)
                        || (at + 3 < word.length() && word.charAt(at + 2) == '-' && letter(word, at + 3)));
        return before && after;
    }

    private static boolean letter(String word, int at) {
        return at >= 0 && at < word.length() && isWord(word.charAt(at)) && !Character.isDigit(word.charAt(at));
    }

    private static boolean isWord(char c) {
        return c == '_' || Character.isLetterOrDigit(c);
    }

    private static boolean isWordOrMark(char c) {
        return isWord(c) || "!\"'&.,?".indexOf(c) >= 0;
    }
}
