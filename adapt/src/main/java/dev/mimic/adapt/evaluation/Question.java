package dev.mimic.adapt.evaluation;

import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Adapter;
import java.util.List;

/**
 * An example and what is to answer it.
 *
 * @param task limits and judges the reply; the same task is the same object
 * @param example that the task has read
 * @param adapter what answers
 */
public record Question(Task task, Example example, Adapter adapter) {
    /** Examples of a task, all for one adapter. */
    public static List<Question> all(Task task, List<Example> examples, Adapter adapter) {
        return examples.stream()
                .map(example -> new Question(task, example, adapter))
                .toList();
    }
}
