package dev.mimic.adapt.dispatch;

import dev.mimic.adapt.task.Task;

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

    /** The prompt for a question. */
    public String about(String question) {
        return template.replace(QUESTION, question);
    }
}
