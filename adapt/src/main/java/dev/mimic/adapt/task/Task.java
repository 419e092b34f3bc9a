package dev.mimic.adapt.task;

import dev.mimic.adapt.sandbox.PythonSandbox;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A task: how its data file is read, what the model is asked, how long it may reply, how the answer is found in the reply
 * and when it is right. Reply limits of the public tasks are those of the Transformer² code; its stop words (a reply there
 * ends at "Response", for one) are not used. A reply in which no answer is found is wrong. Immutable and thread-safe.
 */
public final class Task {
    /**
     * The published dispatch prompt of Transformer² (Sun et al. 2025; {@code tasks/cls.py} of its code), with
     * {@code {question}} where the question goes.
     */
    public static final String DISPATCH_PROMPT = """
            # Analyze the given question and classify it into one of four categories: 'code', 'math', 'reasoning' or 'other'. Follow these guidelines:

            1. Code: Questions asking for programming solutions, functions, algorithms. Often includes specific programming terms, language syntax, or data structures.
            2. Math: Questions involving mathematical calculations, formulas, statistics. Often includes numbers, equations, or mathematical operations.
            3. Reasoning: Questions requiring logical thinking, application of scientific knowledge, or critical analysis of information. Often presents statements that need evaluation based on general understanding.
            4. Other: Questions not clearly fit into above categories.

            Instructions:
            - Consider the primary focus, skills, and knowledge required to answer the question.
            - If a question spans multiple categories, choose the most dominant one.
            - Provide your final classification within \\boxed{} notation. Example: \\boxed{reasoning}

            Format your response as follows:
            Classification: \\boxed{category}

            {question}""";

    private static final String BUNDLED = "bundled-";

    /** Limits of the bundled model's report (docs/bundled-model.md). */
    private static final Map<String, Integer> BUNDLED_LIMITS = Map.of(
            "math",
            16,
            "code",
            16,
            "reasoning",
            10,
            "dispatch",
            14,
            "math3",
            20,
            "code2",
            16,
            "chain",
            10,
            "mixed",
            14);

    private static final List<String> BUNDLED_ORDER =
            List.of("math", "code", "reasoning", "dispatch", "math3", "code2", "chain", "mixed");

    private final String name;
    private final int replyLimit;
    private final TaskFormat format;
    private final PythonSandbox sandbox;

    private Task(String name, int replyLimit, TaskFormat format, PythonSandbox sandbox) {
        this.name = name;
        this.replyLimit = replyLimit;
        this.format = format;
        this.sandbox = sandbox;
    }

    private static Map<String, Task> all() {
        Map<String, Task> all = new LinkedHashMap<>();
        for (Task task : List.of(
                new Task("gsm8k", 512, new Gsm8k(), null),
                new Task("math", 1024, new MathProblems(), null),
                new Task("mbpp", 512, PythonProblems.MBPP, null),
                new Task("humaneval", 512, PythonProblems.HUMANEVAL, null),
                new Task("arc-easy", 512, new Arc(), null),
                new Task("arc-challenge", 512, new Arc(), null),
                dispatch(DISPATCH_PROMPT),
                new Task("jsonl", 256, PromptAndAnswer.of(null), null))) {
            all.put(task.name, task);
        }
        for (String bundled : BUNDLED_ORDER) {
            String name = BUNDLED + bundled;
            all.put(name, new Task(name, BUNDLED_LIMITS.get(bundled), PromptAndAnswer.of(null), null));
        }
        return all;
    }

    /** The names of all tasks. */
    public static List<String> names() {
        return List.copyOf(all().keySet());
    }

    /**
     * The task of that name. {@code jsonl} reads records of {prompt, answer, check}; see {@link #jsonLines} for one check
     * for all.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Task of(String name) {
        Task task = all().get(name);
        if (task == null) {
            throw new IllegalArgumentException(
                    "task: expected one of " + String.join(", ", names()) + ", got '" + name + "'");
        }
        return task;
    }

    /** The task {@code jsonl} with one check for all records, whatever check they name themselves. */
    public static Task jsonLines(AnswerCheck check) {
        return new Task("jsonl", of("jsonl").replyLimit, PromptAndAnswer.of(check), null);
    }

    /**
     * The task {@code dispatch} with a prompt of one's own.
     *
     * @param template with {@code {question}} where the question goes
     * @throws IllegalArgumentException if it has no such place
     */
    public static Task dispatch(String template) {
        return new Task("dispatch", 1024, new Dispatch(template), null);
    }

    /** The name. */
    public String name() {
        return name;
    }

    /** New tokens of a reply at most. */
    public int replyLimit() {
        return replyLimit;
    }

    /** Whether answers are programs, so that checking them needs {@link #withSandbox}. */
    public boolean runsPython() {
        return format instanceof PythonProblems;
    }

    /** The same task with a place to run answers in. */
    public Task withSandbox(PythonSandbox newSandbox) {
        return new Task(name, replyLimit, format, newSandbox);
    }

    /**
     * Reads a data file in the task's published form: JSON, one record a line or all in a list, compressed by gzip or not.
     *
     * @throws dev.mimic.loader.InvalidModelException naming file, line and field of the first record that does not fit,
     *     what was expected and what was found
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public List<Example> read(Path file) {
        List<Example> examples = new ArrayList<>();
        for (JsonObject record : Records.read(file)) {
            examples.add(example(record));
        }
        return List.copyOf(examples);
    }

    /** Reads a record; one of another task's form is refused with that task's name. Dispatch reads nearly anything. */
    private Example example(JsonObject record) {
        try {
            return format.example(record);
        } catch (InvalidModelException e) {
            List<String> readers = all().values().stream()
                    .filter(task -> !task.name.startsWith(BUNDLED) && !(task.format instanceof Dispatch))
                    .filter(task -> task.reads(record))
                    .map(Task::name)
                    .toList();
            if (readers.isEmpty()) {
                throw e;
            }
            throw new InvalidModelException(
                    e.getMessage() + "; this is a record of --task " + String.join(" or ", readers), e);
        }
    }

    private boolean reads(JsonObject record) {
        try {
            format.example(record);
            return true;
        } catch (InvalidModelException e) {
            return false;
        }
    }

    /**
     * The answer that a reply gives, if it gives one; for the tasks in Python the whole program that would be run.
     *
     * @param example one that this task has read
     */
    public Optional<String> extract(String reply, Example example) {
        return format.extract(reply, example);
    }

    /**
     * Whether a reply gives the right answer.
     *
     * @param example one that this task has read
     * @throws IllegalStateException if the task runs Python and has no sandbox
     */
    public boolean isRight(String reply, Example example) {
        if (runsPython() && sandbox == null) {
            throw new IllegalStateException(
                    name + ": its answers are programs, expected a sandbox to run them in, got none");
        }
        return extract(reply, example)
                .filter(found -> format.isRight(found, example, sandbox))
                .isPresent();
    }
}
