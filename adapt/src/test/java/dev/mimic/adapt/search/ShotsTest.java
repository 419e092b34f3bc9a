package dev.mimic.adapt.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.task.Example;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ShotsTest {
    private static final List<Example> ROWS = BundledModel.examples("math", "valid");

    @Test
    void shotsAreDrawnWithoutRepetitionBySeed() {
        List<Example> drawn = FewShotSearch.draw(ROWS, 20, 1);
        assertEquals(20, new HashSet<>(drawn).size());
        assertTrue(ROWS.containsAll(drawn));
        assertEquals(drawn, FewShotSearch.draw(ROWS, 20, 1));
        assertNotEquals(drawn, FewShotSearch.draw(ROWS, 20, 2));
        assertEquals(new HashSet<>(ROWS), new HashSet<>(FewShotSearch.draw(ROWS, 10_000, 3)));
    }
}
