package dev.mimic.app.command;

import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.EngineOptions.WeightFormat;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.Score;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.roofline.Measurement;
import dev.mimic.kernels.roofline.Roofline;
import dev.mimic.loader.TemporaryFolder;
import dev.mimic.loader.model.RandomModel;
import dev.mimic.loader.safetensors.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * Tokens a second of whole models, from the engine as everybody uses it: one prompt, and one reply. A decoded token reads
 * every weight once, a token of a prompt multiplies with each.
 */
final class BenchModels {
    private static final String DECODE = "decode";
    private static final String PREFILL = "prefill";
    private static final String UNIT = "tokens/s";
    private static final Path IN_MEMORY = Path.of("/dev/shm");

    /** A weight in 8 or 4 bits and its part of a scale of 16 bits for 32. */
    private static final double Q8_BYTES = 1 + 2.0 / 32;

    private static final double Q4_BYTES = 0.5 + 2.0 / 32;

    /** Nanoseconds. */
    private static final long WARM_UP = 1_500_000_000L;

    /** Bytes that a folder must have beyond the weights. */
    private static final long SLACK = 16 << 20;

    /** Probabilities of other orders of summation through all layers: natural logs of about 11. */
    private static final double TOLERANCE = 2e-3;

    /** Decoding with 4 bits rounds activations to 8 bits, scoring does not: half a step in 127 in every layer. */
    private static final double ROUNDED = 0.1;

    /**
     * A model in a type.
     *
     * @param dtype of the folder
     * @param rounding of weights while loading
     * @param prompt tokens of the prompt
     * @param reply tokens decoded
     * @param rounds three or more
     */
    record Case(
            RandomModel.Shape shape, DType dtype, Optional<WeightFormat> rounding, int prompt, int reply, int rounds) {
        String name() {
            return type() + " " + shape.name();
        }

        /** What weights are multiplied as. */
        String type() {
            return rounding.map(WeightFormat::name).orElse(dtype.name());
        }

        /** Bytes on disk, about. */
        long bytes() {
            return (shape.linear() + shape.head()) * dtype.bytes();
        }

        /** Bytes that a token reads: embeddings, which are the head, stay at 8 bits. */
        double read() {
            return rounding.map(format -> shape.linear() * (format == WeightFormat.Q8 ? Q8_BYTES : Q4_BYTES)
                            + shape.head() * Q8_BYTES)
                    .orElse((double) bytes());
        }
    }

    private final List<Roofline> rooflines;
    private final BiPredicate<String, Integer> wanted;
    private final Consumer<String> notes;

    /**
     * Prepares.
     *
     * @param rooflines borrowed; their threads run the models
     * @param wanted by name and threads
     * @param notes hears what is left out
     */
    BenchModels(List<Roofline> rooflines, BiPredicate<String, Integer> wanted, Consumer<String> notes) {
        this.rooflines = rooflines;
        this.wanted = wanted;
        this.notes = notes;
    }

    /** The models of a table. */
    static List<Case> cases(boolean quick, boolean full) {
        List<Case> cases = new ArrayList<>();
        cases.add(new Case(RandomModel.SMALL, DType.BF16, Optional.empty(), 256, 24, 3));
        if (!quick) {
            cases.add(new Case(RandomModel.SMALL, DType.F32, Optional.empty(), 256, 24, 3));
            cases.add(new Case(RandomModel.SMALL, DType.BF16, Optional.of(WeightFormat.Q8), 256, 24, 3));
            cases.add(new Case(RandomModel.SMALL, DType.BF16, Optional.of(WeightFormat.Q4), 256, 24, 3));
            cases.add(new Case(RandomModel.LARGE, DType.BF16, Optional.empty(), 128, 6, 3));
        }
        if (full) {
            cases.add(new Case(RandomModel.LARGE, DType.F32, Optional.empty(), 128, 6, 3));
            cases.add(new Case(RandomModel.LARGE, DType.BF16, Optional.of(WeightFormat.Q8), 128, 6, 3));
            cases.add(new Case(RandomModel.LARGE, DType.BF16, Optional.of(WeightFormat.Q4), 128, 6, 3));
        }
        return cases;
    }

    /**
     * Measures a model on each number of threads.
     *
     * @param progress called before each step
     */
    List<Measurement> measure(Case model, Runnable progress) {
        List<Roofline> chosen = rooflines.stream()
                .filter(r -> wants(model, DECODE, 1, r) || wants(model, PREFILL, model.prompt, r))
                .toList();
        List<Measurement> measurements = new ArrayList<>();
        if (chosen.isEmpty()) {
            return measurements;
        }
        progress.run();
        try {
            measure(model, chosen, progress, measurements);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return measurements;
    }

    private void measure(Case model, List<Roofline> chosen, Runnable progress, List<Measurement> measurements)
            throws IOException {
        Path parent = parent(model.bytes());
        try (TemporaryFolder folder = TemporaryFolder.beside(parent.resolve("mimic-bench"))) {
            Files.createDirectories(folder.path());
            long free = Files.getFileStore(folder.path()).getUsableSpace();
            if (free < model.bytes() + SLACK) {
                notes.accept(model.name() + " is left out: its weights need " + InspectCommand.bytes(model.bytes())
                        + " in " + parent + ", which has " + InspectCommand.bytes(free));
                return;
            }
            RandomModel.write(folder.path(), model.shape, model.dtype);
            compare(model, folder.path());
            for (Roofline roofline : chosen) {
                progress.run();
                measure(model, folder.path(), roofline, measurements);
            }
        }
    }

    private boolean wants(Case model, String kernel, int batch, Roofline roofline) {
        return wanted.test(kernel + " " + model.name() + " batch " + batch, roofline.threads());
    }

    /** A folder in memory if there is plenty of it, because disks take their time; else the one for temporary files. */
    private static Path parent(long bytes) throws IOException {
        Path meminfo = Path.of("/proc/meminfo");
        if (Files.isWritable(IN_MEMORY) && Files.isReadable(meminfo)) {
            long available = Files.readAllLines(meminfo).stream()
                    .filter(line -> line.startsWith("MemAvailable:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
            if (available > 3 * bytes && Files.getFileStore(IN_MEMORY).getUsableSpace() > bytes + SLACK) {
                return IN_MEMORY;
            }
        }
        return Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath();
    }

    private static EngineOptions options(Case model, Roofline roofline) {
        EngineOptions options = EngineOptions.DEFAULTS.withPool(roofline.pool()).withContextLength(1024);
        return model.rounding
                .map(format -> options.withQuantize(new EngineOptions.Quantize(format, _ -> {})))
                .orElse(options);
    }

    /** The first token comes from a prompt's order of summation, the second from decoding. */
    private void compare(Case model, Path folder) {
        EngineOptions options = options(model, rooflines.getLast());
        int[] prompt = {2};
        GenerationResult reply;
        try (Engine engine = Engine.open(folder, options)) {
            reply = engine.generate(request(prompt, 2).withSampling(SamplingOptions.GREEDY.withLogprobs(1)));
        }
        Score score;
        try (Engine scalar = Engine.open(folder, options.withBackend(Backend::scalar))) {
            score = scalar.score(prompt, reply.ids(), Adapter.NONE);
        }
        for (int i = 0; i < reply.ids().length; i++) {
            double difference =
                    Math.abs(score.logprobs()[i] - reply.logprobs().get(i).logprob());
            boolean rounded = model.rounding.equals(Optional.of(WeightFormat.Q4));
            if (!(difference <= (rounded ? ROUNDED : TOLERANCE))) {
                throw new IllegalStateException(model.name() + ": the log-probability of token " + i + " is "
                        + reply.logprobs().get(i).logprob() + ", plain Java loops have " + score.logprobs()[i]);
            }
        }
    }

    private static GenerationRequest request(int[] prompt, int tokens) {
        return GenerationRequest.ofIds(prompt)
                .withSampling(SamplingOptions.GREEDY)
                .withMaxTokens(tokens)
                .withIgnoreEos(true);
    }

    private void measure(Case model, Path folder, Roofline roofline, List<Measurement> measurements) {
        int[] prompt = new SplittableRandom(1)
                .ints(model.prompt, 2, model.shape.vocabulary())
                .toArray();
        try (Engine engine = Engine.open(folder, options(model, roofline))) {
            long start = System.nanoTime();
            do { // until the loops are compiled
                engine.generate(request(prompt, model.reply));
            } while (System.nanoTime() - start < WARM_UP);
            if (wants(model, DECODE, 1, roofline)) {
                double bytes = model.read();
                measurements.add(rounds(
                        model,
                        DECODE,
                        1,
                        roofline,
                        1 / bytes,
                        2.0 * (model.shape.linear() + model.shape.head()),
                        bytes,
                        r -> r.limits().read(),
                        () -> {
                            GenerationResult reply = engine.generate(request(new int[] {2}, model.reply + 1));
                            return model.reply / reply.timings().decode();
                        }));
            }
            if (wants(model, PREFILL, model.prompt, roofline)) {
                double operations = operations(model.shape, model.prompt);
                measurements.add(rounds(
                        model,
                        PREFILL,
                        model.prompt,
                        roofline,
                        1 / operations,
                        operations,
                        model.read() / model.prompt,
                        r -> r.limits().operations(),
                        () -> model.prompt
                                / engine.generate(request(prompt, 1)).timings().prefill()));
            }
        }
    }

    /** Of a token of a prompt, on average: layers, the positions it sees, its part of the head for the last one. */
    private static double operations(RandomModel.Shape shape, int prompt) {
        double attention = 2.0 * shape.layers() * shape.heads() * shape.headSize() * (prompt + 1) / 2;
        return 2 * (shape.linear() + attention + (double) shape.head() / prompt);
    }

    private interface Round {
        double tokensPerSecond();
    }

    /** The round of the median share; a limit is what was measured before and after it. */
    private static Measurement rounds(
            Case model,
            String kernel,
            int batch,
            Roofline roofline,
            double tokensPerUnit,
            double operations,
            double bytes,
            ToDoubleFunction<Roofline> limit,
            Round round) {
        List<double[]> rounds = new ArrayList<>();
        for (int i = 0; i < model.rounds; i++) {
            double before = best(limit, roofline);
            double tokens = round.tokensPerSecond();
            rounds.add(new double[] {tokens, tokensPerUnit * (before + best(limit, roofline)) / 2});
        }
        rounds.sort(Comparator.comparingDouble(r -> r[0] / r[1]));
        double[] median = rounds.get(rounds.size() / 2);
        return new Measurement(
                kernel,
                model.type(),
                model.shape.name(),
                batch,
                roofline.threads(),
                median[0],
                UNIT,
                median[1],
                median[0] / median[1],
                operations / bytes,
                median[0] * operations / 1e9);
    }

    /** Of three: right after the engine's work its own thread may still be on a core. */
    private static double best(ToDoubleFunction<Roofline> limit, Roofline roofline) {
        double best = 0;
        for (int i = 0; i < 3; i++) {
            best = Math.max(best, limit.applyAsDouble(roofline));
        }
        return best;
    }
}
