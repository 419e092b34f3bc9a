package dev.mimic.bench;

import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.EngineOptions.WeightFormat;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.loader.json.Json;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** Tokens a second of a prompt and of a reply, each by itself, as llama-bench gives them: one run, after others to warm up. */
public final class EndToEnd {
    /** Nanoseconds: on all cores the compiler's threads and the loops have to share them for so long. */
    private static final long WARM_UP = 8_000_000_000L;

    private EndToEnd() {}

    /**
     * Measures, and prints {@code {"prompt", "decode"}} in tokens a second.
     *
     * @param args MODEL THREADS PROMPT_TOKENS NEW_TOKENS [Q8|Q4]
     */
    public static void main(String[] args) {
        if (args.length < 4 || args.length > 5) {
            System.err.println("usage: end-to-end MODEL THREADS PROMPT_TOKENS NEW_TOKENS [Q8|Q4]");
            System.exit(2);
        }
        int prompt = Integer.parseInt(args[2]);
        int reply = Integer.parseInt(args[3]);
        EngineOptions options = EngineOptions.DEFAULTS
                .withThreads(Integer.parseInt(args[1]))
                .withContextLength(Math.max(prompt, reply) + 8);
        if (args.length == 5) {
            options = options.withQuantize(new EngineOptions.Quantize(WeightFormat.valueOf(args[4]), _ -> {}));
        }
        try (Engine engine = Engine.open(Path.of(args[0]), options)) {
            int[] ids = new SplittableRandom(1)
                    .ints(prompt, 2, engine.config().vocabularySize())
                    .toArray();
            long start = System.nanoTime();
            do { // until the loops are compiled
                generate(engine, ids, 2);
                generate(engine, new int[] {2}, Math.min(reply, 32));
            } while (System.nanoTime() - start < WARM_UP);
            Map<String, Object> speeds = new LinkedHashMap<>();
            speeds.put("prompt", prompt / generate(engine, ids, 1).timings().prefill());
            speeds.put(
                    "decode",
                    reply / generate(engine, new int[] {2}, reply + 1).timings().decode());
            System.out.println(Json.write(speeds));
        }
    }

    private static GenerationResult generate(Engine engine, int[] ids, int tokens) {
        return engine.generate(GenerationRequest.ofIds(ids)
                .withSampling(SamplingOptions.GREEDY)
                .withMaxTokens(tokens)
                .withIgnoreEos(true));
    }
}
