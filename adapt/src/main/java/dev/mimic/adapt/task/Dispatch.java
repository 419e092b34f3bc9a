package dev.mimic.adapt.task;

import dev.mimic.adapt.sandbox.PythonSandbox;
import dev.mimic.loader.json.JsonObject;
import java.util.List;
import java.util.Optional;

/**
 * Which kind a question is. Rows are made from the records of other tasks, mixed in any order: GSM8K and MATH give
 * {@code math}, MBPP and HumanEval {@code code}, ARC {@code reasoning}; {@code {question, answer}} with one of the four
 * classes as its answer and the bundled model's own rows are taken as they are. So train, validation and test rows come
 * from the splits of their sources (the Transformer² code draws all of them from test splits).
 *
 * <p>Answer: {@link AnswerCheck#BOXED}, the last {@code \boxed{word}}; that code takes the first.
 *
 * @param template the prompt; {@code {question}} stands for the question
 */
record Dispatch(String template) implements TaskFormat {
    static final List<String> CLASSES = List.of("code", "math", "reasoning", "other");

    Dispatch {
        if (!template.contains("{question}")) {
            throw new IllegalArgumentException(
                    "dispatch prompt: expected {question} in it, got '" + template.strip() + "'");
        }
    }

    @Override
    public Example example(JsonObject record) {
        if (record.has("check")) {
            return PromptAndAnswer.of(AnswerCheck.BOXED).example(record);
        }
        String kind = kind(record);
        String question = question(record);
        return new Example(template.replace("{question}", question), question, kind, record);
    }

    private static String kind(JsonObject record) {
        if (record.has("entry_point") || record.has("test_list")) {
            return "code";
        }
        if (record.has("answerKey")) {
            return "reasoning";
        }
        if (record.has("problem")) {
            return "math";
        }
        if (Records.ifText(record, "question").isPresent() && record.has("answer")) {
            String answer = Records.text(record, "answer");
            if (CLASSES.contains(answer)) {
                return answer;
            }
            if (answer.contains("####") || MathProblems.answerIn(answer).isPresent()) {
                return "math";
            }
            throw record.invalid(
                    "answer",
                    "expected a class (" + String.join(", ", CLASSES) + ") or the solution of a gsm8k or math record,"
                            + " found '" + answer.substring(0, Math.min(40, answer.length())) + "'");
        }
        throw Records.absent(
                record, "question", "a record of gsm8k, math, mbpp, humaneval or arc, or {question, answer}");
    }

    private static String question(JsonObject record) {
        if (record.has("entry_point")) {
            return PythonProblems.humanEvalQuestion(record);
        }
        if (record.has("test_list")) {
            return PythonProblems.mbppQuestion(record);
        }
        return record.has("answerKey") ? Arc.question(record) : MathProblems.question(record);
    }

    @Override
    public Optional<String> extract(String reply, Example example) {
        return AnswerCheck.BOXED.extract(reply);
    }

    @Override
    public boolean isRight(String found, Example example, PythonSandbox sandbox) {
        return found.equals(example.answer());
    }
}
