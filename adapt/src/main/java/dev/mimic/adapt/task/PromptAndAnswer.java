package dev.mimic.adapt.task;

import dev.mimic.adapt.sandbox.PythonSandbox;
import dev.mimic.loader.json.JsonObject;
import java.util.Optional;

/**
 * Records of {@code prompt} and {@code answer}, asked as they stand.
 *
 * @param check how all answers are checked; null: as each record's {@code check} says
 */
record PromptAndAnswer(AnswerCheck check) implements TaskFormat {
    static PromptAndAnswer of(AnswerCheck check) {
        return new PromptAndAnswer(check);
    }

    @Override
    public Example example(JsonObject record) {
        Example example = Example.of(record);
        check(example).validate(example);
        return example;
    }

    private AnswerCheck check(Example example) {
        return check == null ? AnswerCheck.of(example) : check;
    }

    @Override
    public Optional<String> extract(String reply, Example example) {
        return check(example).extract(reply);
    }

    @Override
    public boolean isRight(String found, Example example, PythonSandbox sandbox) {
        return check(example).equal(found, example);
    }
}
