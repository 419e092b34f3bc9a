package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * Examples and where they come from.
 *
 * @param file the file, or for the jar's own {@code bundled/NAME.SPLIT.jsonl}
 */
record TaskData(Path file, List<Example> examples) {
    /**
     * Reads a file; where none is named the rows of a bundled task.
     *
     * @param file null for none
     * @param split of a bundled task
     * @param option the option that names the file, for messages
     * @throws ParameterException if there is neither
     */
    static TaskData read(CommandSpec spec, Task task, Path file, String split, String option) {
        if (file != null) {
            return new TaskData(file, task.read(file));
        }
        String prefix = BundledModel.NAME + "-";
        if (!task.name().startsWith(prefix)) {
            throw new ParameterException(spec.commandLine(), "expected " + option + " F");
        }
        return bundled(task.name().substring(prefix.length()), split);
    }

    /**
     * The rows of a bundled task.
     *
     * @throws IllegalArgumentException if it has no such split
     */
    static TaskData bundled(String name, String split) {
        try {
            return new TaskData(
                    Path.of(BundledModel.NAME, name + "." + split + ".jsonl"), BundledModel.examples(name, split));
        } catch (java.io.UncheckedIOException e) {
            throw new IllegalArgumentException("bundled-" + name + ": has no " + split + " rows, give a file", e);
        }
    }

    /** The first of them. */
    TaskData limit(Integer count) {
        return count == null || count >= examples.size() ? this : new TaskData(file, examples.subList(0, count));
    }
}
