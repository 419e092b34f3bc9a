package dev.mimic.loader.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A decoder at work on one stream of tokens. Takes each token as one or more fragments of whole characters and its end;
 * gives text on as soon as nothing that follows can change it.
 */
sealed interface DecoderStage {
    /** A fragment of the current token. */
    void text(CharSequence fragment);

    /** The current token is complete. */
    void endToken();

    /** No token follows. */
    void finish();

    /** The end of a chain: all text in a row. */
    record Output(StringBuilder text) implements DecoderStage {
        @Override
        public void text(CharSequence fragment) {
            text.append(fragment);
        }

        @Override
        public void endToken() {}

        @Override
        public void finish() {}
    }

    /** {@link Decoder.ByteLevel}. */
    final class Bytes implements DecoderStage {
        private final DecoderStage next;
        private final StringBuilder token = new StringBuilder();
        private final LenientUtf8 characters = new LenientUtf8();

        Bytes(DecoderStage next) {
            this.next = next;
        }

        @Override
        public void text(CharSequence fragment) {
            token.append(fragment);
        }

        @Override
        public void endToken() {
            if (standsForBytes()) {
                for (int i = 0; i < token.length(); i++) {
                    characters.add((byte) ByteAlphabet.byteOf(token.charAt(i)));
                }
            } else {
                for (byte b : token.toString().getBytes(StandardCharsets.UTF_8)) {
                    characters.add(b);
                }
            }
            token.setLength(0);
            next.text(characters.take());
        }

        private boolean standsForBytes() {
            for (int i = 0; i < token.length(); i++) {
                if (ByteAlphabet.byteOf(token.charAt(i)) < 0) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public void finish() {
            characters.end();
            next.text(characters.take());
            next.endToken();
            next.finish();
        }
    }

    /** {@link Decoder.Replace}. */
    final class Replacement implements DecoderStage {
        private final Normalizer.Replace replace;
        private final boolean character;
        private final DecoderStage next;
        private final StringBuilder token = new StringBuilder();

        /** @param character whether matches are single characters, so that fragments can be handled each for itself */
        Replacement(Normalizer.Replace replace, boolean character, DecoderStage next) {
            this.replace = replace;
            this.character = character;
            this.next = next;
        }

        @Override
        public void text(CharSequence fragment) {
            if (character) {
                next.text(replace.normalize(fragment.toString()));
            } else {
                token.append(fragment);
            }
        }

        @Override
        public void endToken() {
            if (!token.isEmpty()) {
                next.text(replace.normalize(token.toString()));
                token.setLength(0);
            }
            next.endToken();
        }

        @Override
        public void finish() {
            next.finish();
        }
    }

    /**
     * {@link Decoder.ByteFallback}. A run of bytes is text only if all of it is UTF-8, else every byte is U+FFFD: so a run
     * is held back until it ends.
     */
    final class ByteRuns implements DecoderStage {
        private final DecoderStage next;
        private final StringBuilder token = new StringBuilder();
        private byte[] run = new byte[16];
        private int runLength;

        ByteRuns(DecoderStage next) {
            this.next = next;
        }

        @Override
        public void text(CharSequence fragment) {
            token.append(fragment);
        }

        @Override
        public void endToken() {
            int value = byteValue();
            if (value >= 0) {
                if (runLength == run.length) {
                    run = Arrays.copyOf(run, 2 * runLength);
                }
                run[runLength++] = (byte) value;
            } else {
                endRun();
                next.text(token);
                next.endToken();
            }
            token.setLength(0);
        }

        /** The byte of {@code <0xNN>}, -1 for other tokens. */
        private int byteValue() {
            boolean named = token.length() == 6
                    && token.charAt(0) == '<'
                    && token.charAt(1) == '0'
                    && token.charAt(2) == 'x'
                    && token.charAt(5) == '>';
            if (!named) {
                return -1;
            }
            // Rust's from_str_radix takes a sign
            int high = token.charAt(3) == '+' ? 0 : digit(token.charAt(3));
            int low = digit(token.charAt(4));
            return high < 0 || low < 0 ? -1 : high << 4 | low;
        }

        private static int digit(char c) {
            return c < 0x80 ? Character.digit(c, 16) : -1;
        }

        private void endRun() {
            if (runLength == 0) {
                return;
            }
            if (isUtf8()) {
                next.text(new String(run, 0, runLength, StandardCharsets.UTF_8));
                next.endToken();
            } else {
                for (int i = 0; i < runLength; i++) {
                    next.text("\uFFFD");
                    next.endToken();
                }
            }
            runLength = 0;
        }

        private boolean isUtf8() {
            int at = 0;
            while (at < runLength) {
                int length = Utf8.sequenceLength(run, at, runLength);
                if (length == 0) {
                    return false;
                }
                at += length;
            }
            return true;
        }

        @Override
        public void finish() {
            endRun();
            next.finish();
        }
    }

    /** {@link Decoder.Fuse}. */
    record Fusion(DecoderStage next) implements DecoderStage {
        @Override
        public void text(CharSequence fragment) {
            next.text(fragment);
        }

        @Override
        public void endToken() {}

        @Override
        public void finish() {
            next.endToken();
            next.finish();
        }
    }

    /** {@link Decoder.Strip}. */
    final class Stripping implements DecoderStage {
        private final Decoder.Strip strip;
        private final DecoderStage next;
        private final String character;
        private int leftToCut;
        private int held;

        Stripping(Decoder.Strip strip, DecoderStage next) {
            this.strip = strip;
            this.next = next;
            this.character = Character.toString(strip.character());
            this.leftToCut = strip.start();
        }

        @Override
        public void text(CharSequence fragment) {
            StringBuilder kept = new StringBuilder(fragment.length());
            fragment.codePoints().forEach(codePoint -> {
                if (codePoint != strip.character()) {
                    leftToCut = 0;
                    kept.repeat(character, held);
                    held = 0;
                    kept.appendCodePoint(codePoint);
                } else if (leftToCut > 0) {
                    leftToCut--;
                } else if (held < strip.stop()) {
                    held++;
                } else {
                    kept.append(character);
                }
            });
            next.text(kept);
        }

        @Override
        public void endToken() {
            leftToCut = strip.start();
            held = 0;
            next.endToken();
        }

        @Override
        public void finish() {
            next.finish();
        }
    }

    /** {@link Decoder.Metaspace}. */
    final class Blanks implements DecoderStage {
        private final Decoder.Metaspace metaspace;
        private final DecoderStage next;
        private boolean first = true;

        Blanks(Decoder.Metaspace metaspace, DecoderStage next) {
            this.metaspace = metaspace;
            this.next = next;
        }

        @Override
        public void text(CharSequence fragment) {
            StringBuilder result = new StringBuilder(fragment.length());
            fragment.codePoints().forEach(codePoint -> {
                if (codePoint != metaspace.replacement()) {
                    result.appendCodePoint(codePoint);
                } else if (!first || !metaspace.leaveOut()) {
                    result.append(' ');
                }
            });
            next.text(result);
        }

        @Override
        public void endToken() {
            first = false;
            next.endToken();
        }

        @Override
        public void finish() {
            next.finish();
        }
    }

    /** {@link Decoder.WordEnds}: a token waits for the next one, which shows that it is not the last. */
    final class WordEnding implements DecoderStage {
        private final String suffix;
        private final DecoderStage next;
        private final StringBuilder token = new StringBuilder();
        private String waiting;

        WordEnding(String suffix, DecoderStage next) {
            this.suffix = suffix;
            this.next = next;
        }

        @Override
        public void text(CharSequence fragment) {
            token.append(fragment);
        }

        @Override
        public void endToken() {
            give(" ");
            waiting = token.toString();
            token.setLength(0);
        }

        private void give(String replacement) {
            if (waiting != null) {
                next.text(waiting.replace(suffix, replacement));
                next.endToken();
            }
        }

        @Override
        public void finish() {
            give("");
            next.finish();
        }
    }

    /** {@link Decoder.Joined}. */
    final class Joining implements DecoderStage {
        private final DecoderStage next;
        private boolean blankDue;

        Joining(DecoderStage next) {
            this.next = next;
        }

        @Override
        public void text(CharSequence fragment) {
            separate();
            next.text(fragment);
        }

        @Override
        public void endToken() {
            separate();
            blankDue = true;
        }

        /** The blank before the token that now begins. */
        private void separate() {
            if (blankDue) {
                next.text(" ");
                blankDue = false;
            }
        }

        @Override
        public void finish() {
            next.endToken();
            next.finish();
        }
    }
}
