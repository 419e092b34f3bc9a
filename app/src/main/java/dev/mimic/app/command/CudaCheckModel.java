package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.DeviceListener;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.model.Factors;
import dev.mimic.kernels.backend.Device;
import dev.mimic.kernels.check.CheckResult;
import dev.mimic.kernels.check.CheckResult.Outcome;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The bundled model's logits on a GPU beside the processor's. */
final class CudaCheckModel {
    private static final String PROMPT =
            "Ann has 7 cups and buys 4. She gives 3 away. How many cups does Ann have now?";
    private static final String EXPERT = "math";

    /** Of logits, absolute: what the tests allow between two ways of computing in single precision. */
    private static final double TOLERANCE = 5e-4;

    private final Device device;
    private final EngineOptions options;
    private final List<String> notes = new ArrayList<>();

    CudaCheckModel(Device device, int threads) {
        this.device = device;
        this.options = EngineOptions.DEFAULTS.withThreads(threads);
    }

    /** The model as it is. */
    CheckResult plain() {
        String name = "model forward";
        try (ModelSource source = ModelSource.of(BundledModel.NAME)) {
            return compare(name, source.folder(), options, Adapter.NONE);
        } catch (RuntimeException e) {
            return CheckResult.of(Outcome.FAIL, name, String.valueOf(e.getMessage()));
        }
    }

    /** The model in its factors, one expert's z at each linear layer. */
    CheckResult adapted() {
        String name = "model forward, expert";
        try (ModelSource source = ModelSource.of(BundledModel.NAME)) {
            Path folder = source.bundledFactors(options.threads());
            Adapter adapter;
            try (Factors factors = Factors.open(folder)) {
                Path file = source.bundled().experts().resolve("expert-" + EXPERT + ".safetensors");
                adapter = new Adapter.Scaling(
                        Expert.read(file, _ -> {}).plain(factors).vectors());
            }
            return compare(name, source.folder(), options.withFactors(folder), adapter);
        } catch (RuntimeException e) {
            return CheckResult.of(Outcome.FAIL, name, String.valueOf(e.getMessage()));
        }
    }

    /** All positions of a prompt at once, and its first tokens alone. */
    private CheckResult compare(String name, Path folder, EngineOptions plain, Adapter adapter) {
        int[] ids;
        float[][] expected;
        try (Engine engine = Engine.open(folder, plain)) {
            ids = engine.tokenizer().encode(PROMPT, true);
            expected = engine.logits(ids, adapter);
        }
        notes.clear();
        try (Engine engine = Engine.open(folder, plain.withDevice(device, new Listener()))) {
            double worst = 0;
            for (int count : new int[] {1, 2, ids.length}) {
                worst = Math.max(worst, difference(expected, engine.logits(Arrays.copyOf(ids, count), adapter)));
            }
            long start = System.nanoTime();
            engine.logits(ids, adapter);
            double millis = (System.nanoTime() - start) * 1e-6;
            String elsewhere = String.join("; ", notes);
            CheckResult result = CheckResult.of(name, ids.length + " tokens", worst, TOLERANCE)
                    .timed(millis);
            return elsewhere.isEmpty() ? result : CheckResult.of(Outcome.FAIL, name, elsewhere);
        }
    }

    private static double difference(float[][] expected, float[][] found) {
        double worst = 0;
        for (int i = 0; i < found.length; i++) {
            for (int j = 0; j < found[i].length; j++) {
                double difference = Math.abs((double) expected[i][j] - found[i][j]);
                worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(worst, difference);
            }
        }
        return worst;
    }

    /** Hears what was computed elsewhere. */
    private final class Listener implements DeviceListener {
        @Override
        public void uploaded(long bytes, long total) {}

        @Override
        public void note(String text) {
            notes.add(text);
        }
    }
}
