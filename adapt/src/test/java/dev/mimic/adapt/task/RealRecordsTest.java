package dev.mimic.adapt.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.sandbox.PythonSandbox;
import dev.mimic.adapt.sandbox.SandboxLimits;
import dev.mimic.loader.json.Json;
import dev.mimic.testkit.SeededCases;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/** The tasks' rules on the published records, read in place. */
final class RealRecordsTest {
    private static final int SAMPLE = Integer.getInteger("mimic.python.sample", 30);

    private static Map<Path, String> files() {
        Path folder = TestFolders.sharedOrSkip("real task records", null, "tasks");
        Map<String, String> prefixes = Map.of(
                "gsm8k",
                "gsm8k",
                "math",
                "math",
                "mbpp",
                "mbpp",
                "sanitized-mbpp",
                "mbpp",
                "HumanEval",
                "humaneval",
                "ARC-Easy",
                "arc-easy",
                "ARC-Challenge",
                "arc-challenge");
        Map<Path, String> files = new LinkedHashMap<>();
        for (Path file : TestFolders.files(folder, "")) {
            String name = file.getFileName().toString();
            prefixes.forEach((prefix, task) -> {
                if (name.startsWith(prefix)) {
                    files.put(file, task);
                }
            });
        }
        assertFalse(files.isEmpty());
        return files;
    }

    private static List<Path> files(String task) {
        return files().entrySet().stream()
                .filter(entry -> entry.getValue().equals(task))
                .map(Map.Entry::getKey)
                .toList();
    }

    private static long records(Path file) throws IOException {
        try (InputStream raw = Files.newInputStream(file);
                InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return file.toString().endsWith(".json")
                    ? ((List<?>) Json.parse(text, "list")).size()
                    : text.lines().filter(line -> !line.isBlank()).count();
        }
    }

    @Test
    void everyRecordOfEveryFileIsRead() throws IOException {
        for (Map.Entry<Path, String> each : files().entrySet()) {
            List<Example> examples = Task.of(each.getValue()).read(each.getKey());
            assertEquals(records(each.getKey()), examples.size(), each.getKey().toString());
            for (Example example : examples) {
                assertTrue(example.prompt().endsWith("\n\n" + example.question()));
                assertFalse(example.answer().isBlank());
            }
        }
    }

    @Test
    void everySolutionOfGsm8kIsRightAndItsNeighboursAreWrong() {
        Task task = Task.of("gsm8k");
        for (Path file : files("gsm8k")) {
            List<Example> examples = task.read(file);
            for (int i = 0; i < examples.size(); i++) {
                Example example = examples.get(i);
                String solution = example.record().text("answer").orElseThrow();
                assertTrue(task.isRight(solution, example), solution);
                assertTrue(task.isRight("So it is $" + example.answer() + ".00 in all.", example), solution);
                assertFalse(task.isRight("So it is " + example.answer() + "1.", example), solution);
                Example next = examples.get((i + 1) % examples.size());
                assertEquals(
                        next.answer().equals(example.answer()),
                        task.isRight(next.record().text("answer").orElseThrow(), example));
            }
        }
    }

    @Test
    void everySolutionOfMathIsRightAndItsNeighboursAreWrong() {
        Task task = Task.of("math");
        for (Path file : files("math")) {
            List<Example> examples = task.read(file);
            for (int i = 0; i < examples.size(); i++) {
                Example example = examples.get(i);
                String gold = example.answer();
                assertTrue(task.isRight(example.record().text("answer").orElseThrow(), example), gold);
                assertTrue(task.isRight("Thus $x = \\boxed{" + gold + "}$, as claimed.", example), gold);
                assertTrue(task.isRight("It follows. The answer is: $" + gold + "$.\nDone.", example), gold);
                assertFalse(task.isRight("\\boxed{7" + gold + "}", example), gold);
                assertFalse(task.isRight("\\boxed{-" + gold + "}", example) && !gold.equals("0"), gold);
                for (Example other : examples) {
                    boolean same = MathAnswer.normal(other.answer()).equals(MathAnswer.normal(gold));
                    assertEquals(
                            same,
                            task.isRight("\\boxed{" + other.answer() + "}", example),
                            () -> other.answer() + " for " + gold);
                }
            }
        }
    }

    @Test
    void theRightLetterOfEveryArcQuestionIsRightAndTheOthersAreWrong() {
        for (String name : List.of("arc-easy", "arc-challenge")) {
            Task task = Task.of(name);
            for (Path file : files(name)) {
                for (Example example : task.read(file)) {
                    int rights = 0;
                    int options = example.record()
                            .object("question")
                            .orElseThrow()
                            .list("choices")
                            .orElseThrow()
                            .size();
                    for (char letter = 'A'; letter < 'A' + options; letter++) {
                        rights += task.isRight("I think so. The answer is (" + letter + ").", example) ? 1 : 0;
                        assertTrue(example.question().contains("\n" + letter + ". "));
                    }
                    assertEquals(1, rights, example.question());
                }
            }
        }
    }

    @Test
    void everyRecordMakesARowForDispatch() {
        Task dispatch = Task.of("dispatch");
        Map<String, String> kinds = Map.of(
                "gsm8k",
                "math",
                "math",
                "math",
                "mbpp",
                "code",
                "humaneval",
                "code",
                "arc-easy",
                "reasoning",
                "arc-challenge",
                "reasoning");
        for (Map.Entry<Path, String> each : files().entrySet()) {
            List<Example> rows = dispatch.read(each.getKey());
            List<Example> sources = Task.of(each.getValue()).read(each.getKey());
            assertEquals(sources.size(), rows.size());
            SeenPrompts seen = SeenPrompts.of(rows);
            for (int i = 0; i < rows.size(); i++) {
                assertEquals(kinds.get(each.getValue()), rows.get(i).answer());
                assertEquals(sources.get(i).question(), rows.get(i).question());
                assertTrue(rows.get(i).prompt().endsWith(rows.get(i).question()));
                assertTrue(seen.contains(sources.get(i)));
            }
        }
    }

    @Test
    void ownSolutionsPassTheirTestsInTheSandbox() {
        PythonSandbox sandbox = sandbox();
        List<String> failed = new ArrayList<>();
        for (String name : List.of("mbpp", "humaneval")) {
            Task task = Task.of(name).withSandbox(sandbox);
            for (Path file : files(name)) {
                int ran = 0;
                for (Example example : sample(task.read(file))) {
                    String where = example.record().file();
                    String program = name.equals("mbpp")
                            ? example.answer()
                            : example.record().text("prompt").orElseThrow() + example.answer();
                    boolean fenced = task.isRight("Here it is:\n```python\n" + program + "\n```\nIt works.", example);
                    boolean bare = !name.equals("humaneval") || task.isRight(example.answer(), example);
                    if (!fenced || !bare) {
                        failed.add(where);
                    }
                    ran++;
                }
                assertTrue(ran > 0);
            }
        }
        assertEquals(List.of(), failed);
    }

    @Test
    void programsOfOtherProblemsFailInTheSandbox() {
        PythonSandbox sandbox = sandbox();
        for (String name : List.of("mbpp", "humaneval")) {
            Task task = Task.of(name).withSandbox(sandbox);
            List<Example> examples = sample(task.read(files(name).getFirst()));
            for (int i = 0; i < Math.min(5, examples.size() - 1); i++) {
                assertFalse(task.isRight("```python\n" + examples.get(i + 1).answer() + "\n```", examples.get(i)));
                assertFalse(task.isRight("I do not know.", examples.get(i)));
            }
        }
    }

    private static PythonSandbox sandbox() {
        try {
            return PythonSandbox.open(SandboxLimits.DEFAULT, false);
        } catch (IllegalStateException e) {
            throw TestFolders.skip("real Python problems", e.getMessage());
        }
    }

    private static List<Example> sample(List<Example> all) {
        RandomGenerator random = SeededCases.generator(6);
        List<Example> rest = new ArrayList<>(all);
        List<Example> sample = new ArrayList<>();
        while (!rest.isEmpty() && sample.size() < SAMPLE) {
            sample.add(rest.remove(random.nextInt(rest.size())));
        }
        return sample;
    }
}
