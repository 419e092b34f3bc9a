package dev.mimic.loader.tokenizer;

import dev.mimic.loader.InvalidModelException;
import java.util.List;

/** Changes a text before it is cut. */
sealed interface Normalizer {
    /** The changed text, the same object if nothing changes. */
    String normalize(String text);

    /** Whether the text loses its start, so that what comes out no longer begins where the text began. */
    default boolean cutsStart(String text) {
        return false;
    }

    /** One after the other. */
    record Sequence(List<Normalizer> members) implements Normalizer {
        @Override
        public String normalize(String text) {
            String result = text;
            for (Normalizer member : members) {
                result = member.normalize(result);
            }
            return result;
        }

        @Override
        public boolean cutsStart(String text) {
            String result = text;
            for (Normalizer member : members) {
                if (member.cutsStart(result)) {
                    return true;
                }
                result = member.normalize(result);
            }
            return false;
        }
    }

    /** Puts a text before one that is not empty. */
    record Prepend(String prefix) implements Normalizer {
        @Override
        public String normalize(String text) {
            return text.isEmpty() ? text : prefix + text;
        }
    }

    /** Puts a content in place of every match. */
    record Replace(SplitPattern pattern, String content) implements Normalizer {
        /** Characters a text may grow to: a file with replacements upon replacements must not fill the memory. */
        private static final int MAX_LENGTH = 1 << 26;

        @Override
        public String normalize(String text) {
            if (pattern instanceof SplitPattern.Literal literal
                    && content.length() <= literal.content().length()) {
                return text.replace(literal.content(), content);
            }
            StringBuilder result = new StringBuilder(text.length());
            pattern.cut(text, (from, to, match) -> {
                if (!match) {
                    result.append(text, from, to);
                } else if (result.length() + content.length() > MAX_LENGTH) {
                    throw new InvalidModelException(
                            "tokenizer.json",
                            "a replacement by '" + content + "': expected texts of at most " + MAX_LENGTH
                                    + " characters, found a longer one");
                } else {
                    result.append(content);
                }
            });
            return result.toString();
        }
    }

    /** Unicode's normal forms. */
    record Form(java.text.Normalizer.Form form) implements Normalizer {
        @Override
        public String normalize(String text) {
            // below U+0300 NFC changes nothing, below U+0080 no form does
            int limit = form == java.text.Normalizer.Form.NFC ? 0x300 : 0x80;
            for (int i = 0; i < text.length(); i++) {
                if (text.charAt(i) >= limit) {
                    return java.text.Normalizer.normalize(text, form);
                }
            }
            return text;
        }
    }

    /** Each character for itself, without regard to its neighbours. */
    record Lowercase() implements Normalizer {
        @Override
        public String normalize(String text) {
            StringBuilder result = new StringBuilder(text.length());
            text.codePoints().forEach(codePoint -> {
                // U+0130 is the only one that becomes two
                if (codePoint == 0x130) {
                    result.append("i\u0307");
                } else {
                    result.appendCodePoint(Character.toLowerCase(codePoint));
                }
            });
            return result.toString();
        }
    }

    /** Takes white space from the ends. */
    record Strip(boolean left, boolean right) implements Normalizer {
        @Override
        public String normalize(String text) {
            int from = 0;
            int to = text.length();
            while (left && from < to && Unicode.isWhiteSpace(text.charAt(from))) {
                from++;
            }
            while (right && to > from && Unicode.isWhiteSpace(text.charAt(to - 1))) {
                to--;
            }
            return text.substring(from, to);
        }

        @Override
        public boolean cutsStart(String text) {
            return left && !text.isEmpty() && Unicode.isWhiteSpace(text.charAt(0));
        }
    }

    /** Takes combining marks out. */
    record StripAccents() implements Normalizer {
        @Override
        public String normalize(String text) {
            StringBuilder result = new StringBuilder(text.length());
            text.codePoints().filter(c -> !Unicode.isMark(c)).forEach(result::appendCodePoint);
            return result.toString();
        }
    }

    /** Bytes as characters. */
    record ByteLevel() implements Normalizer {
        @Override
        public String normalize(String text) {
            return ByteAlphabet.encode(text);
        }
    }
}
