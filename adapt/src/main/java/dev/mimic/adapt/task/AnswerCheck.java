package dev.mimic.adapt.task;

import dev.mimic.loader.json.JsonObject;
import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How the answer is found in a reply and compared. The rules are those of the bundled model's report
 * (docs/bundled-model.md, "Tasks: prompt, answer, check"). A reply without an answer is wrong.
 */
public enum AnswerCheck {
    /** The last match of {@code -?[0-9]+}, compared as an integer. */
    NUMBER("-?[0-9]+", 0) {
        @Override
        boolean equal(String found, Example example) {
            return new BigInteger(found).equals(new BigInteger(example.answer().strip()));
        }

        @Override
        void validate(Example example) {
            expect(example, "an integer", "-?[0-9]+");
        }
    },
    /** The last capital A, B, C or D with no letter, digit or underscore on either side. */
    LETTER("\\b[A-D]\\b", 0) {
        @Override
        void validate(Example example) {
            expect(example, "A, B, C or D", "[A-D]");
        }
    },
    /** The last {@code \boxed{word}}. */
    BOXED("\\\\boxed\\{([A-Za-z]+)\\}", 1) {
        @Override
        void validate(Example example) {
            expect(example, "a word of letters", "[A-Za-z]+");
        }
    },
    /** The whole reply, stripped, as one expression; right when it has the right value in every case of {@code tests}. */
    EXPRESSION("(?s).+", 0) {
        @Override
        boolean equal(String found, Example example) {
            JsonObject record = example.record();
            List<Object> tests = record.list("tests").orElseThrow(() -> record.missing("tests"));
            return tests.stream().allMatch(test -> hasValue(found, test, record));
        }

        @Override
        void validate(Example example) {
            JsonObject record = example.record();
            if (record.list("tests").orElseThrow(() -> record.missing("tests")).isEmpty()) {
                throw record.invalid("tests", "expected at least one case, found none");
            }
            record.list("tests").orElseThrow().forEach(test -> hasValue("0", test, record));
        }
    },
    /** The whole reply, stripped, compared as text. */
    EXACT("(?s).+", 0);

    private final Pattern pattern;
    private final int group;

    AnswerCheck(String pattern, int group) {
        this.pattern = Pattern.compile(pattern, Pattern.UNICODE_CHARACTER_CLASS);
        this.group = group;
    }

    /** The check of that name, in lower case as in task files and options. */
    public static Optional<AnswerCheck> of(String name) {
        for (AnswerCheck check : values()) {
            if (check.name().toLowerCase(Locale.ROOT).equals(name)) {
                return Optional.of(check);
            }
        }
        return Optional.empty();
    }

    /** The check that an example's own {@code check} field names. */
    public static AnswerCheck of(Example example) {
        JsonObject record = example.record();
        String name = record.text("check")
                .orElseThrow(() -> record.invalid("check", "missing, expected one in each record, or --check for all"));
        return of(name).orElseThrow(() ->
                record.invalid("check", "expected number, letter, boxed, expression or exact, found '" + name + "'"));
    }

    /** The answer that a reply gives, if it gives one. */
    public Optional<String> extract(String reply) {
        Matcher matcher = pattern.matcher(reply.strip());
        String last = null;
        while (matcher.find()) {
            last = matcher.group(group);
        }
        return Optional.ofNullable(last);
    }

    /** Whether a reply gives the example's right answer. */
    public boolean isRight(String reply, Example example) {
        return extract(reply).filter(found -> equal(found, example)).isPresent();
    }

    boolean equal(String found, Example example) {
        return found.equals(example.answer());
    }

    /**
     * Refuses an example whose own answer this check could not find or compare.
     *
     * @throws dev.mimic.loader.InvalidModelException naming file, line and field
     */
    void validate(Example example) {}

    static void expect(Example example, String what, String form) {
        String answer = example.answer().strip();
        if (!answer.matches(form)) {
            throw example.record().invalid("answer", "expected " + what + ", found '" + answer + "'");
        }
    }

    private static boolean hasValue(String expression, Object test, JsonObject record) {
        if (test instanceof Map<?, ?> map
                && map.get("given") instanceof Map<?, ?> given
                && map.get("value") instanceof Long value) {
            return ArithmeticExpression.evaluate(expression, given).equals(Optional.of(value));
        }
        throw record.invalid("tests", "expected objects {given, value} with integer values");
    }
}
