package dev.mimic.adapt.svf;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.ShimLibraries;

/** Runs with the stand-in for a GPU. */
final class OnShim {
    private OnShim() {}

    /** Runs, and asserts that the stand-in was used, rightly, and is left clean. */
    static void run(Runnable work) {
        ShimLibraries shim = ShimLibraries.fresh();
        try (ShimLibraries.InUse _ = shim.use()) {
            work.run();
        }
        assertTrue(shim.copiedBytes() > 0, "nothing was computed there");
        shim.assertClean();
    }
}
