package dev.mimic.loader.tokenizer;

import java.util.List;

/** How the texts of tokens become one text. What it means is in the {@link DecoderStage} it makes. */
sealed interface Decoder {
    /**
     * A stage of one stream.
     *
     * @param next takes what the stage gives
     */
    DecoderStage stage(DecoderStage next);

    /** One after the other. */
    record Sequence(List<Decoder> members) implements Decoder {
        @Override
        public DecoderStage stage(DecoderStage next) {
            DecoderStage stage = next;
            for (int i = members.size() - 1; i >= 0; i--) {
                stage = members.get(i).stage(stage);
            }
            return stage;
        }
    }

    /** Characters that stand for bytes to those bytes, all tokens as one. */
    record ByteLevel() implements Decoder {
        @Override
        public DecoderStage stage(DecoderStage next) {
            return new DecoderStage.Bytes(next);
        }
    }

    /** A content in place of every match within a token. */
    record Replace(SplitPattern pattern, String content) implements Decoder {
        @Override
        public DecoderStage stage(DecoderStage next) {
            boolean character = pattern instanceof SplitPattern.Literal literal
                    && literal.content().length() == 1;
            return new DecoderStage.Replacement(new Normalizer.Replace(pattern, content), character, next);
        }
    }

    /** Runs of tokens {@code <0xNN>} to the characters their bytes are. */
    record ByteFallback() implements Decoder {
        @Override
        public DecoderStage stage(DecoderStage next) {
            return new DecoderStage.ByteRuns(next);
        }
    }

    /** All tokens as one. */
    record Fuse() implements Decoder {
        @Override
        public DecoderStage stage(DecoderStage next) {
            return new DecoderStage.Fusion(next);
        }
    }

    /** Up to {@code start} times the character from the start of each token, up to {@code stop} times from its end. */
    record Strip(int character, int start, int stop) implements Decoder {
        @Override
        public DecoderStage stage(DecoderStage next) {
            return new DecoderStage.Stripping(this, next);
        }
    }

    /**
     * Blanks in place of a character.
     *
     * @param leaveOut whether the first token loses them instead
     */
    record Metaspace(int replacement, boolean leaveOut) implements Decoder {
        @Override
        public DecoderStage stage(DecoderStage next) {
            return new DecoderStage.Blanks(this, next);
        }
    }

    /** A blank in place of the text that ends a word, nothing in the last token (BPEDecoder). */
    record WordEnds(String suffix) implements Decoder {
        @Override
        public DecoderStage stage(DecoderStage next) {
            return new DecoderStage.WordEnding(suffix, next);
        }
    }

    /** Blanks between tokens: what holds where a file names no decoder. */
    record Joined() implements Decoder {
        @Override
        public DecoderStage stage(DecoderStage next) {
            return new DecoderStage.Joining(next);
        }
    }
}
