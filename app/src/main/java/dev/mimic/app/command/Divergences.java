package dev.mimic.app.command;

import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.quantize.Divergence;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** What rounding does to a text: measured and put into words. */
final class Divergences {
    private Divergences() {}

    /** The text of a file. */
    static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Opens both models and compares their next-token distributions.
     *
     * @param original folder of the model as it was
     * @param changed folder of the one it is compared with
     */
    static Divergence measure(
            Path original, EngineOptions originalOptions, Path changed, EngineOptions changedOptions, String text) {
        try (Engine first = Engine.open(original, originalOptions);
                Engine second = Engine.open(changed, changedOptions)) {
            return Divergence.measure(first, second, first.tokenizer().encode(text, true));
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
