package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.DecompositionListener;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.kernels.backend.Device;
import dev.mimic.loader.model.ModelDirectory;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * What MODEL on a command line stands for: a folder, or the model in the jar, which is unpacked for the command's time.
 *
 * @param folder the model's folder
 * @param bundled the model in the jar, or null
 */
record ModelSource(Path folder, BundledModel bundled) implements AutoCloseable {
    /**
     * Finds the model.
     *
     * @param name a folder, or {@code bundled}
     * @throws UncheckedIOException if there is no such folder
     */
    static ModelSource of(String name) {
        if (name.equals(BundledModel.NAME)) {
            BundledModel bundled = BundledModel.unpack();
            return new ModelSource(bundled.folder(), bundled);
        }
        Path folder = Path.of(name);
        if (!Files.exists(folder)) {
            throw new UncheckedIOException(new NoSuchFileException(name));
        }
        if (!Files.isDirectory(folder)) {
            throw new UncheckedIOException(new NotDirectoryException(name));
        }
        return new ModelSource(folder, null);
    }

    boolean isBundled() {
        return bundled != null;
    }

    /** The bundled model's own factors: full rank, F32, all 28 matrices, made where it is unpacked. */
    Path bundledFactors(int threads) {
        return bundledFactors(threads, Device.CPU, _ -> {});
    }

    /** The same, made on a device. */
    Path bundledFactors(int threads, Device device, Consumer<String> note) {
        Path factors = bundled.scratch("factors");
        DecomposeOptions options = DecomposeOptions.defaults().withTargets(new Targets("all"));
        try (ModelDirectory directory = ModelDirectory.open(folder);
                Decomposer decomposer = Decomposer.open(options, threads, device, note)) {
            decomposer.decompose(directory, factors, DecompositionListener.NONE);
        }
        return factors;
    }

    @Override
    public void close() {
        if (bundled != null) {
            bundled.close();
        }
    }
}
