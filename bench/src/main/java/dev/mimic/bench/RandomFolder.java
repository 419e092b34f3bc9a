package dev.mimic.bench;

import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.loader.TemporaryFolder;
import dev.mimic.loader.model.RandomModel;
import dev.mimic.loader.safetensors.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** A random model in a folder that lasts as long as a benchmark. */
final class RandomFolder implements AutoCloseable {
    private final TemporaryFolder folder;

    private RandomFolder(RandomModel.Shape shape, DType dtype) {
        folder = TemporaryFolder.beside(
                Path.of(System.getProperty("java.io.tmpdir"), "mimic-benchmark").toAbsolutePath());
        try {
            Files.createDirectories(folder.path());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        RandomModel.write(folder.path(), shape, dtype);
    }

    /** The 135 M shape in BF16. */
    static RandomFolder small() {
        return new RandomFolder(RandomModel.SMALL, DType.BF16);
    }

    /**
     * A model.
     *
     * @param shape {@code 135m} or {@code 1.2b}
     */
    static RandomFolder of(String shape, String dtype) {
        return new RandomFolder(
                shape.equals("1.2b") ? RandomModel.LARGE : RandomModel.SMALL,
                DType.valueOf(dtype.toUpperCase(Locale.ROOT)));
    }

    Path path() {
        return folder.path();
    }

    /** Compares the logits of two tokens with the scalar twin's. */
    void check() {
        float[][] expected = logits(EngineOptions.DEFAULTS.withBackend(Backend::scalar));
        float[][] actual = logits(EngineOptions.DEFAULTS);
        for (int i = 0; i < expected.length; i++) {
            Agreement.check("logits", expected[i], actual[i], expected[i].length, 1e-3);
        }
    }

    private float[][] logits(EngineOptions options) {
        try (Engine engine = Engine.open(path(), options)) {
            return engine.logits(new int[] {2, 3}, Adapter.NONE);
        }
    }

    /** One reply of as many tokens, greedy. */
    static GenerationResult generate(Engine engine, int[] prompt, int tokens) {
        return engine.generate(GenerationRequest.ofIds(prompt)
                .withSampling(SamplingOptions.GREEDY)
                .withMaxTokens(tokens)
                .withIgnoreEos(true));
    }

    @Override
    public void close() {
        folder.close();
    }
}
