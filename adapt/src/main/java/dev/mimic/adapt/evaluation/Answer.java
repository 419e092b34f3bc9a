package dev.mimic.adapt.evaluation;

import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.task.Example;
import java.util.List;

/**
 * A model's reply to an example.
 *
 * @param reply the decoded reply, special tokens left out
 * @param right whether the example's check found the right answer in it
 */
public record Answer(Example example, String reply, boolean right) {
    /** The share of right answers. */
    public static Accuracy accuracy(List<Answer> answers) {
        return new Accuracy((int) answers.stream().filter(Answer::right).count(), answers.size());
    }
}
