package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.testkit.TestFolders;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Replies after prompts whose last character is written in byte tokens, which a streaming decoder holds back. */
final class ByteFallbackTextTest {
    @ParameterizedTest
    @ValueSource(strings = {"a 中", "🙂", "plain"})
    void aReplyDoesNotRepeatThePromptsLastCharacter(String prompt) {
        try (Engine engine = Engine.open(TestFolders.root().resolve("oracle/models/mistral-sw8-sharded"))) {
            GenerationResult reply = engine.generate(GenerationRequest.of(prompt)
                    .withSampling(SamplingOptions.GREEDY)
                    .withIgnoreEos(true)
                    .withMaxTokens(6));
            String before = engine.tokenizer().decode(reply.promptIds(), true);
            int[] all = IntStream.concat(IntStream.of(reply.promptIds()), IntStream.of(reply.ids()))
                    .toArray();
            String whole = engine.tokenizer().decode(all, true);
            assertTrue(whole.startsWith(before), whole);
            assertEquals(whole.substring(before.length()), reply.text());
        }
    }
}
