package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.backend.Device;
import dev.mimic.testkit.ShimLibraries;
import java.util.function.Consumer;

/** Runs a test of an engine on the stand-in for a GPU, which is to compute and to be left clean. */
final class OnShim {
    private OnShim() {}

    /**
     * Runs a test.
     *
     * @param test gets options for engines that it opens and closes
     */
    static void run(Consumer<EngineOptions> test) {
        ShimLibraries shim = ShimLibraries.fresh();
        try (ShimLibraries.InUse _ = shim.use()) {
            test.accept(EngineOptions.DEFAULTS.withDevice(Device.cuda(0)));
        }
        assertTrue(shim.products() > 0, "nothing was computed there");
        shim.assertClean();
    }
}
