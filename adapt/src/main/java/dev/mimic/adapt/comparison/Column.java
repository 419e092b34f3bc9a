package dev.mimic.adapt.comparison;

import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import java.util.List;
import java.util.Map;

/**
 * A task of a comparison.
 *
 * @param name in the table and in file names
 * @param kind the class that dispatch prompts name for its questions, or its own name where they have none for it
 * @param test examples that are reported on
 */
public record Column(String name, String kind, Task task, List<Example> test) {
    private static final Map<String, String> KINDS = Map.ofEntries(
            Map.entry("gsm8k", "math"),
            Map.entry("math", "math"),
            Map.entry("mbpp", "code"),
            Map.entry("humaneval", "code"),
            Map.entry("arc-easy", "reasoning"),
            Map.entry("arc-challenge", "reasoning"),
            Map.entry("bundled-math", "math"),
            Map.entry("bundled-math3", "math"),
            Map.entry("bundled-code", "code"),
            Map.entry("bundled-code2", "code"),
            Map.entry("bundled-reasoning", "reasoning"),
            Map.entry("bundled-chain", "reasoning"));

    public Column {
        test = List.copyOf(test);
    }

    /** A column whose kind follows from its task, else is its name. */
    public static Column of(String name, Task task, List<Example> test) {
        return new Column(name, KINDS.getOrDefault(task.name(), name), task, test);
    }
}
