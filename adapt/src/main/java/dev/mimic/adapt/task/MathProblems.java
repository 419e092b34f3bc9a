package dev.mimic.adapt.task;

import dev.mimic.adapt.sandbox.PythonSandbox;
import dev.mimic.loader.json.JsonObject;
import java.util.Optional;

/**
 * Competition mathematics (MATH, Hendrycks et al. 2021, and its 500 problems of Lightman et al. 2023). Records:
 * {@code problem} or {@code question}; the right answer is {@code answer} where there is a {@code solution} beside it,
 * else what the rule below finds in {@code solution} or {@code answer}.
 *
 * <p>Prompt: the instruction of the Transformer² code ({@code tasks/math.py}, the missing blank after the comma
 * included), a blank line, the problem.
 *
 * <p>Answer, as in that code ({@code competation_math.py}): what follows the last {@code The answer is:}, up to a full
 * stop at a line's end; else the content of the last {@code \boxed{…}} or, if there is none, {@code \fbox{…}}, its braces
 * balanced. Beyond it, a box inside what follows {@code The answer is:} counts alone, and {@code \boxed 5} as in the data
 * set's own code. Compared by {@link MathAnswer}.
 */
record MathProblems() implements TaskFormat {
    static final String INSTRUCTION =
            "Solve the question below by reasoning step by step,and put the final answer within \\boxed{}.";

    private static final String MARK = "The answer is:";

    @Override
    public Example example(JsonObject record) {
        String question = question(record);
        return new Example(INSTRUCTION + "\n\n" + question, question, gold(record), record);
    }

    /** The problem's text. */
    static String question(JsonObject record) {
        return Records.text(record, record.has("problem") ? "problem" : "question");
    }

    private static String gold(JsonObject record) {
        if (record.has("solution") && record.has("answer")) {
            return Records.text(record, "answer");
        }
        String field = record.has("solution") ? "solution" : "answer";
        String solution = Records.text(record, field);
        return answerIn(solution)
                .filter(answer -> !answer.isBlank())
                .orElseThrow(() -> record.invalid(
                        field,
                        "expected \\boxed{…} or '" + MARK + " …', found '"
                                + solution.substring(Math.max(0, solution.length() - 40)) + "'"));
    }

    @Override
    public Optional<String> extract(String reply, Example example) {
        return answerIn(reply);
    }

    @Override
    public boolean isRight(String found, Example example, PythonSandbox sandbox) {
        return MathAnswer.same(found, example.answer());
    }

    static Optional<String> answerIn(String text) {
        int mark = text.lastIndexOf(MARK);
        if (mark < 0) {
            return lastBox(text);
        }
        String said = text.substring(mark + MARK.length());
        int end = said.indexOf(".\n");
        String answer = (end < 0 ? said : said.substring(0, end)).strip();
        Optional<String> box = lastBox(answer);
        if (box.isPresent()) {
            return box;
        }
        return Optional.of(
                answer.endsWith(".") ? answer.substring(0, answer.length() - 1).strip() : answer);
    }

    private static Optional<String> lastBox(String text) {
        int boxed = text.lastIndexOf("\\boxed");
        int box = boxed >= 0 ? boxed : text.lastIndexOf("\\fbox");
        if (box < 0) {
            return Optional.empty();
        }
        int begin = box + (boxed >= 0 ? "\\boxed" : "\\fbox").length();
        while (begin < text.length() && text.charAt(begin) == ' ') {
            begin++;
        }
        if (begin == text.length()) {
            return Optional.empty();
        }
        if (text.charAt(begin) != '{') {
            return Optional.of(text.substring(begin).split("[$\\s]", 2)[0]);
        }
        int end = MathAnswer.groupEnd(text, begin);
        return end < 0 ? Optional.empty() : Optional.of(text.substring(begin + 1, end));
    }
}
