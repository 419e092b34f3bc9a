package dev.mimic.loader.tokenizer;

import java.util.List;

/** Puts special tokens around the ids of a text. */
sealed interface PostProcessor {
    /**
     * The ids with what is put around them.
     *
     * @param addSpecial whether special tokens are wanted
     */
    IdList process(IdList ids, boolean addSpecial);

    /** One after the other. */
    record Sequence(List<PostProcessor> members) implements PostProcessor {
        @Override
        public IdList process(IdList ids, boolean addSpecial) {
            IdList result = ids;
            for (PostProcessor member : members) {
                result = member.process(result, addSpecial);
            }
            return result;
        }
    }

    /** Leaves the ids as they are (ByteLevel, which only trims offsets). */
    record Nothing() implements PostProcessor {
        @Override
        public IdList process(IdList ids, boolean addSpecial) {
            return ids;
        }
    }

    /**
     * A row of pieces.
     *
     * @param pieces ids of special tokens each; an empty one stands for the text
     */
    record Template(List<int[]> pieces) implements PostProcessor {
        @Override
        public IdList process(IdList ids, boolean addSpecial) {
            IdList result = new IdList(ids.size() + 8);
            for (int[] piece : pieces) {
                if (piece.length == 0) {
                    result.addAll(ids);
                } else if (addSpecial) {
                    for (int id : piece) {
                        result.add(id);
                    }
                }
            }
            return result;
        }
    }
}
