package dev.mimic.adapt.task;

import dev.mimic.adapt.sandbox.PythonSandbox;
import dev.mimic.loader.json.JsonObject;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Science questions with options (Clark et al. 2018). Records as published: {@code id}, {@code question} with
 * {@code stem} and {@code choices} of {@code text} and {@code label}, {@code answerKey}.
 *
 * <p>Prompt: the instruction of the Transformer² code ({@code tasks/arc.py}), a blank line, the stem and the options
 * named A, B, C … by their order, as there. A few hundred records label their options 1, 2, 3 …: the right one is then
 * named by its place (that code compares the letter with the digit, so these are wrong there whatever is answered).
 *
 * <p>Answer, as in that code ({@code ai2_arc.py}): the letter after the first {@code answer is}, a bracket allowed
 * between; else after {@code answer:} or {@code Answer:}, the last such on the first line that has one; else the last
 * capital from A to J that stands alone, be it the pronoun I. A reply with none of these is wrong (there an option is
 * drawn at random).
 */
record Arc() implements TaskFormat {
    static final String INSTRUCTION = "The following are multiple choice questions (with answers). "
            + "Think step by step and then finish your answer with \"the answer is (X)\" where X is the correct letter"
            + " choice.";

    private static final Pattern ANSWER_IS = Pattern.compile("answer is \\(?([A-J])\\)?");
    private static final Pattern ANSWER_COLON = Pattern.compile(".*[aA]nswer:\\s*([A-J])");
    private static final Pattern ALONE = Pattern.compile("\\b[A-J]\\b", Pattern.UNICODE_CHARACTER_CLASS);

    @Override
    public Example example(JsonObject record) {
        String question = question(record);
        return new Example(INSTRUCTION + "\n\n" + question, question, rightLetter(record), record);
    }

    /** Stem and options as every task asks them. */
    static String question(JsonObject record) {
        JsonObject question = questionObject(record);
        StringBuilder text = new StringBuilder(Records.text(question, "stem")).append("\nOptions:");
        char letter = 'A';
        for (JsonObject choice : choices(question)) {
            text.append('\n').append(letter++).append(". ").append(Records.text(choice, "text"));
        }
        return text.toString();
    }

    private static String rightLetter(JsonObject record) {
        String key = Records.text(record, "answerKey");
        List<String> labels = choices(questionObject(record)).stream()
                .map(choice -> Records.text(choice, "label"))
                .toList();
        int place = labels.indexOf(key);
        if (place < 0) {
            throw record.invalid("answerKey", "expected one of " + String.join(", ", labels) + ", found '" + key + "'");
        }
        return String.valueOf((char) ('A' + place));
    }

    private static JsonObject questionObject(JsonObject record) {
        return record.object("question").orElseThrow(() -> Records.absent(record, "question", "an object"));
    }

    private static List<JsonObject> choices(JsonObject question) {
        List<JsonObject> choices =
                question.objects("choices").orElseThrow(() -> Records.absent(question, "choices", "a list"));
        if (choices.isEmpty() || choices.size() > 10) {
            throw question.invalid("choices", "expected 1 to 10 options, found " + choices.size());
        }
        return choices;
    }

    @Override
    public Optional<String> extract(String reply, Example example) {
        for (Pattern pattern : List.of(ANSWER_IS, ANSWER_COLON)) {
            Matcher matcher = pattern.matcher(reply);
            if (matcher.find()) {
                return Optional.of(matcher.group(1));
            }
        }
        Matcher matcher = ALONE.matcher(reply);
        String last = null;
        while (matcher.find()) {
            last = matcher.group();
        }
        return Optional.ofNullable(last);
    }

    @Override
    public boolean isRight(String found, Example example, PythonSandbox sandbox) {
        return found.equals(example.answer());
    }
}
