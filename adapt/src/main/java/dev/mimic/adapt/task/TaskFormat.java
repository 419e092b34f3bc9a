package dev.mimic.adapt.task;

import dev.mimic.adapt.sandbox.PythonSandbox;
import dev.mimic.loader.json.JsonObject;
import java.util.Optional;

/** The rules of a task: record to example, reply to answer, answer to right or wrong. */
sealed interface TaskFormat permits Gsm8k, MathProblems, PythonProblems, Arc, Dispatch, PromptAndAnswer {
    /**
     * Reads a record.
     *
     * @throws dev.mimic.loader.InvalidModelException naming file, line, field, what was expected and what was found
     */
    Example example(JsonObject record);

    /** The answer that a reply gives, if it gives one. */
    Optional<String> extract(String reply, Example example);

    /**
     * Whether an extracted answer is right.
     *
     * @param sandbox null unless the task runs Python
     */
    boolean isRight(String found, Example example, PythonSandbox sandbox);
}
