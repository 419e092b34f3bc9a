package dev.mimic.adapt.lora;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.model.ModelConfig;
import dev.mimic.testkit.Fuzzer;
import dev.mimic.testkit.JsonMutations;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Broken adapter configurations end in one line. */
final class PeftFolderFuzzTest {
    @TempDir
    private Path folder;

    @Test
    void aBrokenConfigIsRefusedInOneLine() throws IOException, URISyntaxException {
        Path made = Path.of(PeftFolderFuzzTest.class
                        .getResource("peft-f16/adapter_config.json")
                        .toURI())
                .getParent();
        Files.copy(made.resolve(PeftFolder.WEIGHTS), folder.resolve(PeftFolder.WEIGHTS));
        ModelConfig model = ModelConfig.read(TestFolders.root().resolve("oracle/models/llama-gqa-f32/config.json"));
        Fuzzer.run(
                PeftConfig.FILE,
                List.of(Files.readAllBytes(made.resolve(PeftConfig.FILE))),
                JsonMutations::any,
                input -> {
                    Files.write(folder.resolve(PeftConfig.FILE), input);
                    PeftFolder.read(folder, model, _ -> {});
                },
                InvalidModelException.class);
    }
}
