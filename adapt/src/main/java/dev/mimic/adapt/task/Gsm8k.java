package dev.mimic.adapt.task;

import dev.mimic.adapt.sandbox.PythonSandbox;
import dev.mimic.loader.json.JsonObject;
import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Grade school mathematics (Cobbe et al. 2021). Records: {@code question}, {@code answer} that ends in
 * {@code #### NUMBER}, as published.
 *
 * <p>Prompt: the instruction of the Transformer² code ({@code tasks/gsm8k.py}), a blank line, the question.
 *
 * <p>Answer: the last number of the reply, as in that code ({@code language_restricted_math.py}), compared as a number
 * ({@code 18.00} is 18). Two things differ there and would count wrong answers as right: it reads {@code 1,080} as 80 in
 * reply and record alike (93 of the 8,792 records have such a comma), and drops the sign. Here commas between groups of
 * three digits belong to the number, as in the data set's own code, and so does a minus sign that no digit, letter or
 * closing bracket stands before ({@code 12-5} ends in 5).
 */
record Gsm8k() implements TaskFormat {
    static final String INSTRUCTION =
            "Below is an instruction that describes a task. Write a response that appropriately completes the request.";

    private static final Pattern NUMBER = Pattern.compile(
            "(?:(?<![\\p{Alnum})\\]}.])-\\$?)?(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\\.[0-9]+)?|[0-9]+(?:\\.[0-9]+)?|\\.[0-9]+)");
    private static final String MARK = "####";

    @Override
    public Example example(JsonObject record) {
        String question = Records.text(record, "question");
        String solution = Records.text(record, "answer");
        int mark = solution.lastIndexOf(MARK);
        String gold = mark < 0 ? "" : solution.substring(mark + MARK.length()).strip();
        if (!NUMBER.matcher(gold).matches()) {
            String end = solution.substring(Math.max(0, solution.length() - 40));
            throw record.invalid("answer", "expected to end in '#### NUMBER', found '" + end + "'");
        }
        return new Example(INSTRUCTION + "\n\n" + question, question, plain(gold), record);
    }

    @Override
    public Optional<String> extract(String reply, Example example) {
        Matcher matcher = NUMBER.matcher(reply);
        String last = null;
        while (matcher.find()) {
            last = matcher.group();
        }
        return Optional.ofNullable(last).map(Gsm8k::plain);
    }

    @Override
    public boolean isRight(String found, Example example, PythonSandbox sandbox) {
        return new BigDecimal(found).compareTo(new BigDecimal(example.answer())) == 0;
    }

    private static String plain(String number) {
        return number.replace(",", "").replace("$", "");
    }
}
