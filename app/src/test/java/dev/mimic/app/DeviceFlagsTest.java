package dev.mimic.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.testkit.ShimLibraries;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --device} of every command that takes it, on the stand-in for a GPU. */
final class DeviceFlagsTest {
    private static final String[] CUDA = {"--device", "cuda"};

    private final ShimLibraries shim = ShimLibraries.fresh();
    private final ShimLibraries.InUse use = shim.use();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        use.close();
        shim.assertClean();
    }

    private static String[] with(String[] more, String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    /** The same command on the processor and on the shim, which must have computed. */
    private Outcome onShim(String... args) {
        long before = shim.products();
        Outcome outcome = Outcome.ok(with(CUDA, args));
        assertTrue(shim.products() > before, "nothing was computed there");
        assertFalse(outcome.err().contains("note: computing"), outcome.err());
        return outcome;
    }

    private static String processor(String... args) {
        return Outcome.ok(with(new String[] {"--device", "cpu"}, args)).out();
    }

    @Test
    void runGivesTheSameText() {
        String[] plain = {"run", "bundled", "Add 3 and 4. Answer:", "--max-tokens", "12", "--ignore-eos"};
        assertEquals(processor(plain), onShim(plain).out());
        String[] adapted = with(new String[] {"--expert", "math@0.5", "--expert", "code", "--form", "residual"}, plain);
        assertEquals(processor(adapted), onShim(adapted).out());
        String[] chosen = with(new String[] {"--adapt", "prompt"}, plain);
        assertEquals(processor(chosen), onShim(chosen).out());
    }

    @Test
    void chatGivesTheSameText() {
        String[] chat = {"chat", "bundled", "--max-tokens", "8"};
        Outcome here = Outcome.runWith("Hello\n", with(new String[] {"--device", "cpu"}, chat));
        Outcome there = Outcome.runWith("Hello\n", with(CUDA, chat));
        assertEquals(0, there.code(), there.err());
        assertEquals(here.out(), there.out());
        assertTrue(shim.products() > 0);
    }

    @Test
    void scoreAndLogitsAgree() {
        String[] score = {"score", "bundled", "--prompt", "3 + 4 =", "--completion", " 7"};
        assertEquals(logprob(processor(score)), logprob(onShim(score).out()), 1e-4);
        float[] here = logits("cpu");
        assertArrayEquals(here, logits("cuda"), 5e-4f);
    }

    private static double logprob(String out) {
        JsonObject json = new Outcome(0, out, "").json();
        return json.number("logprob").orElseThrow();
    }

    private float[] logits(String device) {
        Path file = folder.resolve(device + ".safetensors");
        Outcome.ok("logits", "bundled", "--ids", "1,2,3,4,5", "--out", file.toString(), "--device", device);
        try (SafetensorsFile open = SafetensorsFile.open(file)) {
            return open.tensor("logits").orElseThrow().data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        }
    }

    @Test
    void anExpertIsTrainedEvaluatedAndSearchedWith() {
        Path expert = folder.resolve("math.safetensors");
        String[] train = {
            "train", "bundled", "--task", "bundled-math", "--steps", "2", "--batch", "8", "--out", expert.toString()
        };
        onShim(train);
        assertTrue(Files.exists(expert));
        String[] eval = {
            "eval", "bundled", "--task", "bundled-math", "--limit", "20", "--expert", expert.toString(), "--json"
        };
        JsonObject here = new Outcome(0, processor(eval), "").json();
        JsonObject there = onShim(eval).json();
        assertEquals(
                here.number("accuracy").orElseThrow(), there.number("accuracy").orElseThrow(), 0.1);
        Path mix = folder.resolve("mix.safetensors");
        String[] adapt = {
            "adapt",
            "bundled",
            "--task",
            "bundled-mixed",
            "--expert",
            "math",
            "--expert",
            "code",
            "--generations",
            "1",
            "--population",
            "4",
            "--out",
            mix.toString()
        };
        onShim(adapt);
        assertTrue(Files.exists(mix));
    }

    @Test
    void aLoraAdapterIsTrained() {
        Path lora = folder.resolve("lora");
        onShim(
                "train",
                "bundled",
                "--task",
                "bundled-math",
                "--method",
                "lora",
                "--rank",
                "2",
                "--steps",
                "2",
                "--batch",
                "8",
                "--out",
                lora.toString());
        String[] run = {"run", "bundled", "3 + 4 =", "--max-tokens", "8", "--lora", lora.toString()};
        assertEquals(processor(run), onShim(run).out());
    }

    @Test
    void waysToAdaptAreCompared() {
        Outcome compared = onShim(
                "compare",
                "bundled",
                "--task",
                "bundled-math",
                "--rows",
                "base,svf",
                "--bundled-experts",
                "--limit",
                "10",
                "--out",
                folder.resolve("compared").toString());
        assertTrue(compared.out().contains("SVF"), compared.out());
    }

    @Test
    void theModelAsItWasIsComparedWithTheRoundedOne() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "Three and four are seven; four and four are eight.");
        String[] quantize = {"quantize", "bundled", folder.resolve("q8").toString(), "--format", "q8"};
        onShim(with(new String[] {"--check", text.toString()}, quantize));
        Outcome.refused(2, List.of("--device goes with --check"), with(CUDA, quantize));
        String[] run = {"run", folder.resolve("q8").toString(), "3 + 4 =", "--max-tokens", "4"};
        Outcome.refused(
                1, List.of("cuda:0: quantized weights (q8) are computed on the processor only"), with(CUDA, run));
        Outcome auto = Outcome.ok(with(new String[] {"--device", "auto"}, run));
        assertEquals("note: computing on the processor: quantized weights (q8) are computed there only\n", auto.err());
    }

    @Test
    void whereThereIsNothingCudaIsRefusedAndAutoSaysWhyIfItWasAskedFor() {
        use.close();
        String[] run = {"run", "bundled", "3 + 4 =", "--max-tokens", "4"};
        Outcome.refused(1, List.of("mimic: cuda:0 cannot be used: switched off by -Dmimic.cuda=off"), with(CUDA, run));
        assertEquals("", Outcome.ok(run).err());
        assertEquals("", Outcome.ok(with(new String[] {"--device", "cpu"}, run)).err());
        assertEquals(
                "note: computing on the processor: switched off by -Dmimic.cuda=off\n",
                Outcome.ok(with(new String[] {"--device", "auto"}, run)).err());
    }

    @Test
    void longWorkThatCannotBeginIsRefusedInOneLineAndLeavesNoFolder() {
        use.close();
        Path out = folder.resolve("out");
        String[][] commands = {
            {"demo", "--out", out.toString()},
            {"compare", "bundled", "--out", out.toString(), "--bundled-experts"},
            {"compare", "bundled", "--out", out.toString(), "--rows", "svf"}
        };
        for (String[] command : commands) {
            Outcome outcome = Outcome.run(with(CUDA, command));
            assertEquals(1, outcome.code());
            assertEquals("mimic: cuda:0 cannot be used: switched off by -Dmimic.cuda=off\n", outcome.err());
            assertFalse(Files.exists(out), String.join(" ", command));
        }
    }

    @Test
    void whereThereIsAGpuItIsTakenAndSaid() {
        String[] run = {"run", "bundled", "3 + 4 =", "--max-tokens", "4"};
        for (String[] device : List.of(new String[0], new String[] {"--device", "auto"})) {
            assertEquals(
                    "note: computing on cuda:0, untried on real cards: `mimic cuda-check` tries it; --device cpu is the processor\n",
                    Outcome.ok(with(device, run)).err());
        }
        shim.machine(12040, 2);
        assertEquals(
                "", Outcome.ok(with(new String[] {"--device", "cuda:1"}, run)).err());
        Outcome.refused(
                1,
                List.of("cuda:2: no such GPU, expected cuda:0 to cuda:1"),
                with(new String[] {"--device", "cuda:2"}, run));
        shim.machine(12040, 1);
    }

    @Test
    void withoutADriverAutoIsTheProcessorAndSaysSo() {
        shim.fail("*", 35);
        Outcome outcome = Outcome.ok("run", "bundled", "3 + 4 =", "--max-tokens", "4");
        assertTrue(outcome.err().startsWith("note: computing on the processor: CUDA 12.4 found in "), outcome.err());
        assertEquals(1, outcome.err().lines().count());
    }

    @Test
    void otherNamesAreNoDevices() {
        Outcome.refused(
                2,
                List.of("--device: expected cpu, cuda, cuda:N (N from 0) or auto, got 'gpu'"),
                "run",
                "bundled",
                "x",
                "--device",
                "gpu");
    }

    @Test
    void doctorSaysWhatItIsUsedFor() {
        String gpu = Outcome.ok("doctor", "--json").json().text("gpu").orElseThrow();
        assertTrue(gpu.startsWith("found, used by --device cuda and auto: 1 GPU, CUDA 12.4 of "), gpu);
    }
}
