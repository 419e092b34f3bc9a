package dev.mimic.adapt.train;

import dev.mimic.adapt.task.Example;
import java.util.List;

/** The reply that an example gives to be imitated, for the next-token objective. */
final class GivenReply {
    /** MATH's solution, MBPP's code, HumanEval's solution, GSM8K's worked answer; {@code reply} for files of one's own. */
    private static final List<String> FIELDS = List.of("reply", "solution", "code", "canonical_solution", "answer");

    private GivenReply() {}

    /** The first of the fields {@code reply}, {@code solution}, {@code code}, {@code canonical_solution}, {@code answer}. */
    static String of(Example example) {
        for (String field : FIELDS) {
            if (example.record().get(field) instanceof String text && !text.isBlank()) {
                return text;
            }
        }
        return example.answer();
    }
}
