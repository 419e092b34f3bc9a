package dev.mimic.app.command;

import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.quantize.Divergence;
import dev.mimic.loader.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** What rounding does to a text: measured and put into words. */
final class Divergences {
    private Divergences() {}

    /**
     * The tokens of a text, before the work that it is to measure.
     *
     * @param model folder of the model whose tokens they are
     * @throws IllegalArgumentException naming the file if they are too few to compare models on
     */
    static int[] ids(Path model, Path file) {
        String text;
        try {
            text = Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        int[] ids = Tokenizer.open(model).encode(text, true);
        if (ids.length < 2) {
            throw new IllegalArgumentException(
                    file + ": the text has " + ids.length + " tokens, expected at least 2 to compare models on");
        }
        return ids;
    }

    /**
     * Opens both models and compares their next-token distributions.
     *
     * @param original folder of the model as it was
     * @param changed folder of the one it is compared with
     * @param ids what {@link #ids} gave
     */
    static Divergence measure(
            Path original, EngineOptions originalOptions, Path changed, EngineOptions changedOptions, int[] ids) {
        try (Engine first = Engine.open(original, originalOptions);
                Engine second = Engine.open(changed, changedOptions)) {
            return Divergence.measure(first, second, ids);
        }
    }

    /** In one line. */
    static String describe(Divergence divergence) {
        return String.format(
                Locale.ROOT,
                "over %d tokens: KL %.5f nats on average, %.4f at most; same first choice %.1f %%;"
                        + " perplexity %.3f, was %.3f",
                divergence.tokens(),
                divergence.kl(),
                divergence.worst(),
                100 * divergence.agreement(),
                divergence.changedPerplexity(),
                divergence.perplexity());
    }
}
