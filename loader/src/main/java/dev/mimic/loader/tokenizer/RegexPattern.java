package dev.mimic.loader.tokenizer;

import dev.mimic.loader.InvalidModelException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A regular expression of a tokenizer.json: Oniguruma's syntax, matched by Java's engine under a budget of steps, so that
 * no file and no text makes it hang.
 */
final class RegexPattern implements SplitPattern {
    private static final int FLAGS = Pattern.UNICODE_CHARACTER_CLASS | Pattern.MULTILINE | Pattern.UNIX_LINES;

    /** Characters looked at before a match is given up: well below a second. */
    private static final long BUDGET = 40_000_000;

    private static final int BUDGET_PER_CHARACTER = 256;

    private final Pattern pattern;
    private final String place;
    private final String file;

    private RegexPattern(Pattern pattern, String place, String file) {
        this.pattern = pattern;
        this.place = place;
        this.file = file;
    }

    /**
     * Compiles an expression.
     *
     * @param file name for messages
     * @param place the field that holds it, for messages
     * @throws InvalidModelException if it is none, or one that Java cannot match as Oniguruma does
     */
    static RegexPattern of(String regex, String file, String place) {
        try {
            return new RegexPattern(Pattern.compile(RegexSyntax.toJava(regex), FLAGS), place, file);
        } catch (PatternSyntaxException e) {
            throw new InvalidModelException(
                    file, place + ": not a regular expression that is supported: " + e.getDescription() + ": " + regex);
        } catch (StackOverflowError e) {
            throw new InvalidModelException(file, place + ": expected a shallow regular expression, found " + regex);
        }
    }

    @Override
    public void cut(String text, Spans spans) {
        try {
            find(text, spans);
        } catch (StackOverflowError e) {
            throw tooHard(text.length());
        }
    }

    /** As the crate "onig" iterates: an empty match is dropped where the match before ended. */
    private void find(String text, Spans spans) {
        Matcher matcher = pattern.matcher(new Budgeted(text, this));
        int from = 0;
        int last = -1;
        int search = 0;
        while (search <= text.length() && matcher.find(search)) {
            int start = matcher.start();
            int end = matcher.end();
            if (start == end && end == last) {
                search += search < text.length() ? Character.charCount(text.codePointAt(search)) : 1;
                continue;
            }
            if (start > from) {
                spans.span(from, start, false);
            }
            spans.span(start, end, true);
            from = end;
            last = end;
            search = end;
        }
        if (from < text.length()) {
            spans.span(from, text.length(), false);
        }
    }

    private InvalidModelException tooHard(int length) {
        return new InvalidModelException(
                file,
                place + ": expected a regular expression that is fast to match, found " + pattern.pattern()
                        + " which takes too many steps on a text of " + length + " characters");
    }

    /** A text that counts how often it is looked at. */
    private static final class Budgeted implements CharSequence {
        private final String text;
        private final RegexPattern owner;
        private long left;

        Budgeted(String text, RegexPattern owner) {
            this.text = text;
            this.owner = owner;
            this.left = BUDGET + (long) BUDGET_PER_CHARACTER * text.length();
        }

        @Override
        public char charAt(int index) {
            if (--left < 0) {
                throw owner.tooHard(text.length());
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.subSequence(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
