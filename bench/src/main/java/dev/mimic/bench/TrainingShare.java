package dev.mimic.bench;

import dev.mimic.adapt.gradient.Objective;
import dev.mimic.adapt.gradient.TrainingPass;
import dev.mimic.adapt.gradient.TrainingSequence;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.roofline.MachineLimits;
import dev.mimic.kernels.roofline.WorkingSet;
import dev.mimic.loader.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * How much of the machine's multiply-adds a step of training reaches, and the memory it takes: scoring, and scoring with
 * the backward pass to z of every matrix that the factors hold. The limit is measured in the same process, in turn with
 * the step; every figure is a median.
 */
public final class TrainingShare {
    private static final int SEQUENCES = 8;
    private static final int LENGTH = 256;
    private static final int PROMPT = 64;

    /** Bytes: of bandwidth nothing is asked. */
    private static final long SET = 1 << 20;

    private TrainingShare() {}

    /**
     * Measures, and prints one JSON object.
     *
     * @param args MODEL FACTORS THREADS ROUNDS
     */
    public static void main(String[] args) throws IOException {
        if (args.length != 4) {
            System.err.println("usage: training-share MODEL FACTORS THREADS ROUNDS");
            System.exit(2);
        }
        int threads = Integer.parseInt(args[2]);
        try (WorkerPool pool = WorkerPool.of(threads);
                Engine engine = Engine.open(
                        Path.of(args[0]),
                        EngineOptions.DEFAULTS.withFactors(Path.of(args[1])).withPool(pool));
                TrainingPass pass = new TrainingPass(
                        engine, engine.factors().orElseThrow().weightNames(), TrainingPass.DEFAULT_MEMORY)) {
            System.out.println(Json.write(measure(engine, pass, pool, Integer.parseInt(args[3]))));
        }
    }

    private static Map<String, Object> measure(Engine engine, TrainingPass pass, WorkerPool pool, int rounds)
            throws IOException {
        List<TrainingSequence> sequences = sequences(engine.config().vocabularySize());
        TrainingWork work = engine.withDecoder(transformer ->
                TrainingWork.of(engine.config(), transformer.weights(), SEQUENCES, LENGTH - 1, LENGTH - PROMPT));
        List<Double> peaks = new ArrayList<>();
        List<Double> scoring = new ArrayList<>();
        List<Double> gradients = new ArrayList<>();
        try (WorkingSet set = WorkingSet.of(SET)) {
            MachineLimits limits = new MachineLimits(pool, set);
            for (int round = -1; round < rounds; round++) { // the first one warms up
                double before = limits.operations() / 2;
                long start = System.nanoTime();
                pass.score(Map.of(), sequences);
                long scored = System.nanoTime();
                pass.gradient(Map.of(), sequences, Objective.PLAIN);
                long done = System.nanoTime();
                double after = limits.operations() / 2;
                if (round >= 0) {
                    peaks.add(Math.max(before, after));
                    scoring.add((scored - start) / 1e9);
                    gradients.add((done - scored) / 1e9);
                }
            }
        }
        double peak = median(peaks);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("sequences", SEQUENCES);
        result.put("tokens", LENGTH);
        result.put("prompt", PROMPT);
        result.put("threads", pool.threads());
        result.put("peak_gflops", 2e-9 * peak);
        result.put("scoring_seconds", median(scoring));
        result.put("scoring_share", work.forward() / median(scoring) / peak);
        result.put("gradient_seconds", median(gradients));
        result.put("gradient_share", work.sum() / median(gradients) / peak);
        result.put("multiply_adds", work.sum());
        result.put("peak_resident_mib", peakResident());
        return result;
    }

    private static List<TrainingSequence> sequences(int vocabulary) {
        SplittableRandom random = new SplittableRandom(1);
        List<TrainingSequence> sequences = new ArrayList<>();
        for (int s = 0; s < SEQUENCES; s++) {
            int[] ids = random.ints(LENGTH, 0, vocabulary).toArray();
            sequences.add(new TrainingSequence(ids, PROMPT, s % 2 == 0 ? 1 : -1));
        }
        return sequences;
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get(sorted.size() / 2);
    }

    /** VmHWM, mapped files included. */
    private static long peakResident() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return -1;
        }
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024;
            }
        }
        return -1;
    }
}
