package dev.mimic.adapt.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.loader.InvalidModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SeenPromptsTest {
    @TempDir
    Path folder;

    private static List<Example> rows(String... prompts) {
        StringBuilder text = new StringBuilder();
        for (String prompt : prompts) {
            text.append("{\"prompt\": \"").append(prompt).append("\", \"answer\": \"1\"}\n");
        }
        return Example.parse(text.toString(), "rows.jsonl");
    }

    @Test
    void theHashIsSha256OfTheNormalisedText() {
        // printf 'a b' | sha256sum
        String hash = "c8687a08aa5d6ed2044328fa6a697ab8e96dc34291e8c2034ae8c38e6fcc6d65";
        assertEquals(hash, SeenPrompts.hash("a b"));
        assertEquals(hash, SeenPrompts.hash(" \u00a0a\r\n\t\u2003b\u3000\n"));
        assertEquals(SeenPrompts.hash("caf\u00e9"), SeenPrompts.hash("cafe\u0301"));
        assertNotEquals(hash, SeenPrompts.hash("A b"));
        assertNotEquals(hash, SeenPrompts.hash("ab"));
        assertNotEquals(SeenPrompts.hash("1 cat"), SeenPrompts.hash("2 cat"));
    }

    @Test
    void aFileHoldsOneHashALineAndIsReadBack() throws IOException {
        Path file = SeenPrompts.beside(folder.resolve("expert.safetensors"));
        assertEquals("expert.safetensors.seen", file.getFileName().toString());
        SeenPrompts.of(rows("a", "b", "a ")).and(SeenPrompts.of(rows("c"))).write(file);
        assertEquals(3, Files.readAllLines(file).size());
        SeenPrompts seen = SeenPrompts.read(file);
        assertEquals(3, seen.size());
        assertTrue(seen.contains(rows(" c").getFirst()));
        assertFalse(seen.contains(rows("d").getFirst()));
    }

    @Test
    void aLineThatIsNoHashIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("x.seen"), SeenPrompts.hash("a") + "\nABC\n");
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> SeenPrompts.read(file));
        assertEquals("x.seen: line 2: expected 64 hexadecimal digits, found 'ABC'", e.getMessage());
    }

    @Test
    void anOverlapNamesBothFiles() {
        SeenPrompts seen = SeenPrompts.of(rows("a", "b"));
        seen.refuseOverlap(Path.of("train.jsonl"), rows("c", "d"), Path.of("test.jsonl"));
        InvalidModelException e = assertThrows(
                InvalidModelException.class,
                () -> seen.refuseOverlap(
                        Path.of("out", "math.seen"), rows("c", "b", " a"), Path.of("d", "test.jsonl")));
        assertEquals(
                "d/test.jsonl: expected no prompt that out/math.seen has seen, found 2 of 3, the first at rows.jsonl line 2",
                e.getMessage());
    }

    @Test
    void aQuestionSeenByADispatcherIsKnownToTheTaskThatAsksIt() throws IOException {
        Path file =
                Files.writeString(folder.resolve("gsm8k.jsonl"), "{\"question\": \"2+2?\", \"answer\": \"#### 4\"}\n");
        SeenPrompts seen = SeenPrompts.of(Task.of("dispatch").read(file));
        assertTrue(seen.contains(Task.of("gsm8k").read(file).getFirst()));
        assertEquals(2, seen.size());
    }

    @Test
    void theBundledSplitsShareNothing() {
        SeenPrompts trained = SeenPrompts.of(List.of());
        for (String task : BundledModel.EXPERTS) {
            trained = trained.and(SeenPrompts.of(BundledModel.examples(task, "train")))
                    .and(SeenPrompts.of(BundledModel.examples(task, "valid")));
        }
        for (String task : BundledModel.EXPERTS) {
            trained.refuseOverlap(
                    Path.of("bundled"), BundledModel.examples(task, "test"), Path.of(task + ".test.jsonl"));
        }
    }
}
