package dev.mimic.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.task.Example;
import dev.mimic.engine.Engine;
import dev.mimic.loader.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A row that is longer than the context: refused by file and line before anything is asked, trained or written. */
final class LongRowsTest {
    private static final int GOOD = 3;

    @TempDir
    private Path folder;

    private Path good;
    private Path more;
    private Path bad;

    @BeforeEach
    void write() throws IOException {
        List<Example> examples = BundledModel.examples("math", "train");
        good = rows("good.jsonl", examples.subList(0, GOOD), "");
        more = rows("more.jsonl", examples.subList(10, 10 + GOOD), "");
        bad = rows("bad.jsonl", examples.subList(20, 20 + GOOD), words(600));
    }

    private static String words(int count) {
        return "cups ".repeat(count);
    }

    /** Rows as a file, and behind them one with more text. */
    private Path rows(String name, List<Example> examples, String longer) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (Example example : examples) {
            lines.append(Json.write(example.record().asMap())).append('\n');
        }
        if (!longer.isEmpty()) {
            Map<String, Object> record =
                    new LinkedHashMap<>(examples.getFirst().record().asMap());
            record.put("prompt", longer + record.get("prompt"));
            lines.append(Json.write(record)).append('\n');
        }
        return Files.writeString(folder.resolve(name), lines);
    }

    private void refused(String... args) throws IOException {
        List<Path> before = files();
        Outcome outcome = Outcome.run(args);
        assertEquals(1, outcome.code(), outcome.err());
        assertEquals(1, outcome.errors().size(), outcome.err());
        String line = outcome.errors().getFirst();
        String expected =
                "mimic: bad\\.jsonl line 4: prompt: it has [0-9]{3,4} tokens, expected at most 256, the context"
                        + " length; leave the row out";
        assertTrue(line.matches(expected), line);
        assertEquals("", outcome.out());
        assertFalse(outcome.err().contains("["), "a progress bar: " + outcome.err());
        assertEquals(before, files(), Arrays.toString(args));
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    @Test
    void evalNamesItsLineBeforeTheFirstReply() throws IOException {
        String out = folder.resolve("predictions.jsonl").toString();
        refused("eval", "bundled", "--task", "bundled-math", "--data", bad.toString(), "--predictions", out);
        String[] search = {"eval", "bundled", "--task", "bundled-math", "--adapt", "fewshot", "--allow-seen"};
        refused(with(search, "--data", bad.toString(), "--shots", good.toString()));
        refused(with(search, "--data", good.toString(), "--shots", bad.toString()));
    }

    @Test
    void trainNamesItsLineBeforeTheFirstStep() throws IOException {
        String[] train = {"train", "bundled", "--task", "bundled-math", "--steps", "2", "--batch", "4", "--out"};
        for (String method : List.of("svf", "lora")) {
            String[] out = with(train, folder.resolve(method).toString(), "--method", method);
            refused(with(out, "--data", bad.toString(), "--valid", good.toString()));
            refused(with(out, "--data", good.toString(), "--valid", bad.toString()));
        }
    }

    @Test
    void adaptNamesItsLineBeforeTheFirstRound() throws IOException {
        String out = folder.resolve("mix.safetensors").toString();
        String[] adapt = {"adapt", "bundled", "--task", "bundled-math", "--expert", "code", "--out", out};
        refused(with(adapt, "--shots", bad.toString()));
    }

    @Test
    void compareNamesItsLineBeforeTheFirstTraining() throws IOException {
        String[] compare = {"compare", "bundled", "--rows", "base,svf,lora", "--steps", "2", "--batch", "4"};
        String[] out = with(compare, "--out", folder.resolve("out").toString(), "--task");
        refused(with(out, "own:bundled-math=" + String.join(",", good.toString(), more.toString(), bad.toString())));
        refused(with(out, "own:bundled-math=" + String.join(",", bad.toString(), more.toString(), good.toString())));
    }

    @Test
    void aQuestionThatTheDispatchPromptMakesTooLongIsNamedToo() throws IOException {
        List<Example> few = BundledModel.examples("math", "train").subList(0, 1);
        int words = 0;
        try (BundledModel model = BundledModel.unpack();
                Engine engine = Engine.open(model.folder())) {
            String prompt = few.getFirst().prompt();
            while (tokens(engine, words(words + 1) + prompt) <= engine.contextLength()) {
                words++;
            }
        }
        Path full = rows("full.jsonl", few, words(words));
        String[] eval = {"eval", "bundled", "--task", "bundled-math", "--max-tokens", "1", "--data", full.toString()};
        Outcome.ok(eval);
        for (String mode : List.of("prompt", "classifier")) {
            Outcome.refused(
                    1,
                    List.of("full.jsonl line 2: dispatch prompt: it has", "at most 256", "leave the row out"),
                    with(eval, "--adapt", mode, "--allow-seen"));
        }
    }

    private static int tokens(Engine engine, String prompt) {
        return engine.promptLength(Evaluator.request(engine, prompt));
    }

    private static String[] with(String[] args, String... more) {
        return Stream.concat(Arrays.stream(args), Arrays.stream(more)).toArray(String[]::new);
    }
}
