package dev.mimic.adapt.dispatch;

import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Engine;
import java.util.List;

/**
 * The prompt that asks for a question's kind.
 *
 * @param template {@code {question}} stands for the question
 * @param replyLimit new tokens of the reply at most
 */
public record DispatchPrompt(String template, int replyLimit) {
    private static final String QUESTION = "{question}";

    /** The published one. */
    public static final DispatchPrompt PUBLISHED = of(Task.DISPATCH_PROMPT);

    public DispatchPrompt {
        if (!template.contains(QUESTION)) {
            throw new IllegalArgumentException(
                    "dispatch prompt: expected " + QUESTION + " in it, got '" + template.strip() + "'");
        }
    }

    /** A prompt with the reply limit of the dispatch task. */
    public static DispatchPrompt of(String template) {
        return new DispatchPrompt(template, Task.of("dispatch").replyLimit());
    }

    /**
     * Refuses examples whose question makes this prompt longer than the context.
     *
     * @param engine borrowed
     * @throws dev.mimic.loader.InvalidModelException naming the first one's file and line, its tokens and the limit
     */
    public void requireFit(Engine engine, List<Example> examples) {
        Evaluator.requireFit(engine, examples, example -> about(example.question()), "dispatch prompt");
    }

    /** The prompt for a question. */
    public String about(String question) {
        return template.replace(QUESTION, question);
    }
}
