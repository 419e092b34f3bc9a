package dev.mimic.adapt.bundled;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.task.AnswerCheck;
import dev.mimic.adapt.task.Example;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class BundledModelTest {
    @Test
    void closingDeletesWhatWasUnpacked() {
        Path folder;
        try (BundledModel bundled = BundledModel.unpack()) {
            folder = bundled.folder();
            assertTrue(Files.isRegularFile(folder.resolve("model.safetensors")));
            assertTrue(Files.isRegularFile(bundled.experts().resolve("expert-math.safetensors")));
        }
        assertFalse(Files.exists(folder));
    }

    @Test
    void everyRightAnswerOfEveryTaskPassesItsOwnCheck() {
        for (String task : BundledModel.REPLY_LIMITS.keySet()) {
            for (Example example : BundledModel.examples(task, "test")) {
                AnswerCheck check = AnswerCheck.of(example);
                String reply = check == AnswerCheck.BOXED ? "\\boxed{" + example.answer() + "}" : example.answer();
                assertTrue(check.isRight(reply, example), () -> task + ": " + example.prompt());
            }
        }
    }

    @Test
    void theDispatchPromptIsTheOneOfTheRows() {
        Example row = BundledModel.examples("dispatch", "test").getFirst();
        String question = row.record().text("question").orElseThrow();
        assertEquals(row.prompt(), BundledModel.dispatchPrompt().replace("{question}", question));
    }
}
