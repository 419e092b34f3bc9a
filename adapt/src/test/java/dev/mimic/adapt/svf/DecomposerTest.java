package dev.mimic.adapt.svf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.model.Factor;
import dev.mimic.engine.model.Factors;
import dev.mimic.kernels.backend.Device;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.ShimLibraries;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DecomposerTest {
    private static final DecomposeOptions ALL = DecomposeOptions.defaults().withTargets(new Targets("all"));

    @TempDir
    Path temporary;

    private Path folder;
    private Path out;

    @BeforeEach
    void makeModel() {
        folder = Samples.model(temporary.resolve("model"), DType.F32);
        out = temporary.resolve("factors");
    }

    private List<MatrixReport> decompose(DecomposeOptions options) {
        return decompose(options, DecompositionListener.NONE);
    }

    private List<MatrixReport> decompose(DecomposeOptions options, DecompositionListener listener) {
        try (ModelDirectory model = ModelDirectory.open(folder);
                Decomposer decomposer = Decomposer.open(options, 2)) {
            return decomposer.decompose(model, out, listener);
        }
    }

    @Test
    void everyTargetIsTakenApartInOrderAndReported() {
        List<String> started = new ArrayList<>();
        List<String> finished = new ArrayList<>();
        List<MatrixReport> reports = decompose(ALL.withCheck(), new DecompositionListener() {
            @Override
            public void started(String weight, int index, int count) {
                assertEquals(started.size(), index);
                started.add(weight);
            }

            @Override
            public void finished(MatrixReport report, int done, int count) {
                finished.add(report.weight());
                assertEquals(finished.size(), done);
                assertEquals(14, count);
            }
        });
        assertEquals(started, finished);
        assertEquals("model.layers.0.self_attn.q_proj.weight", started.getFirst());
        assertEquals("model.layers.1.mlp.down_proj.weight", started.getLast());
        assertEquals(started, reports.stream().map(MatrixReport::weight).toList());
        for (MatrixReport report : reports) {
            assertTrue(report.relativeError() < 1e-6 && report.orthogonality() < 1e-6, report::toString);
            assertFalse(report.resumed());
        }
        try (Factors factors = Factors.open(out);
                ModelDirectory model = ModelDirectory.open(folder)) {
            assertEquals(started, List.copyOf(factors.weightNames()));
            assertEquals(model.fingerprint(), factors.baseFingerprint());
            assertTrue(factors.fullRank());
            assertEquals("full", factors.metadata().get("rank"));
            assertEquals("all", factors.metadata().get("targets"));
            assertEquals("f32", factors.metadata().get("dtype"));
            assertEquals(64, factors.fingerprint().length());
        }
    }

    @Test
    void aReducedRankStatesItsErrorAndHoldsNoMoreThanThereIs() {
        for (DecomposeOptions.Method method : DecomposeOptions.Method.values()) {
            out = temporary.resolve(method.text());
            List<MatrixReport> reports =
                    decompose(ALL.withMethod(method, 12).withDtype(DType.BF16).withCheck());
            for (MatrixReport report : reports) {
                boolean whole = report.rank() == Math.min(report.rows(), report.cols());
                assertEquals(Math.min(12, Math.min(report.rows(), report.cols())), report.rank());
                assertTrue(report.relativeError() < (whole ? 0.01 : 0.5), report::toString);
                assertTrue(report.relativeError() > (whole ? 1e-4 : 0.02), report::toString);
            }
            try (Factors factors = Factors.open(out)) {
                assertFalse(factors.fullRank());
                Factor small =
                        factors.factor("model.layers.0.self_attn.k_proj.weight").orElseThrow();
                assertTrue(small.fullRank());
                assertEquals(8, small.sigma().length);
                assertEquals(2, small.factors().u().elementBytes());
                assertEquals("12", factors.metadata().get("rank"));
                assertEquals(method.text(), factors.metadata().get("method"));
            }
        }
    }

    @Test
    void eightBitsStateTheirErrorAsItLiesOnDisk() {
        DecomposeOptions eightBits = ALL.withDtype(DType.I8);
        List<MatrixReport> reports = decompose(eightBits);
        for (MatrixReport report : reports) {
            assertTrue(report.relativeError() < 0.02 && report.relativeError() > 1e-4, report::toString);
            assertTrue(report.orthogonality() < 0.02 && report.orthogonality() > 1e-4, report::toString);
        }
        List<MatrixReport> checked = decompose(eightBits.withCheck());
        for (int i = 0; i < reports.size(); i++) {
            assertTrue(checked.get(i).resumed());
            assertEquals(reports.get(i).relativeError(), checked.get(i).relativeError(), 1e-12);
            assertEquals(reports.get(i).orthogonality(), checked.get(i).orthogonality(), 1e-12);
        }
        try (Factors factors = Factors.open(out)) {
            assertTrue(factors.fullRank());
            assertEquals("q8", factors.metadata().get("dtype"));
            assertEquals("2", factors.metadata().get("version"));
            assertTrue(factors.weightNames().stream()
                    .allMatch(
                            name -> factors.factor(name).orElseThrow().factors().transposed()));
        }
        String message = assertThrows(IllegalArgumentException.class, () -> decompose(ALL))
                .getMessage();
        assertTrue(message.contains("version is 2, now 1"), message);
    }

    @Test
    void afterAKillItGoesOnWhereItWas() throws IOException {
        List<MatrixReport> first = decompose(ALL);
        FileTime[] before = times(first.size());
        byte[] index = Files.readAllBytes(out.resolve(Factors.INDEX));
        // as a kill leaves it: no index, the last shards missing or half-written, temporary files about
        Files.delete(out.resolve(Factors.INDEX));
        Files.delete(shard(13));
        cut(shard(12));
        Files.writeString(out.resolve(".factors-00014.safetensors.0b1.tmp"), "half");
        Files.writeString(out.resolve("." + Factors.INDEX + ".0b2.tmp"), "half");
        assertThrows(InvalidModelException.class, () -> Factors.open(out));

        List<MatrixReport> second = decompose(ALL);
        for (int i = 0; i < second.size(); i++) {
            assertEquals(i < 12, second.get(i).resumed(), "weight " + i);
            assertEquals(first.get(i).relativeError(), second.get(i).relativeError(), "weight " + i);
            assertTrue(i >= 12 || times(second.size())[i].equals(before[i]), "shard " + i + " was written again");
        }
        assertArrayEquals(index, Files.readAllBytes(out.resolve(Factors.INDEX)));
        try (Stream<Path> files = Files.list(out)) {
            assertEquals(15, files.count(), "nothing but shards and index");
        }
        Factors.open(out).close();
    }

    @Test
    void aFinishedFolderIsLeftAlone() throws IOException {
        decompose(ALL);
        FileTime[] before = times(14);
        assertTrue(decompose(ALL).stream().allMatch(MatrixReport::resumed));
        assertArrayEquals(before, times(14));
    }

    @Test
    void aShardThatIsOfAnotherWeightIsDoneAgain() throws IOException {
        decompose(ALL);
        Files.copy(shard(3), shard(5), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        List<MatrixReport> reports = decompose(ALL.withCheck());
        assertFalse(reports.get(5).resumed());
        assertTrue(reports.get(3).resumed());
    }

    @Test
    void aFailureHalfWayKeepsWhatIsDone() throws IOException {
        Samples.spoil(folder, "model.layers.1.mlp.gate_proj.weight", 7, Float.NaN);
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> decompose(ALL));
        assertEquals(
                "model: tensor 'model.layers.1.mlp.gate_proj.weight': svd: element [0, 7] is NaN, expected a finite value",
                e.getMessage());
        assertTrue(Files.exists(shard(10)) && !Files.exists(shard(11)) && !Files.exists(out.resolve(Factors.INDEX)));
    }

    @Test
    void otherParametersOnTheSameFolderAreAnError() throws IOException {
        decompose(ALL.withRank(4));
        List<DecomposeOptions> others = List.of(
                ALL,
                ALL.withRank(5),
                ALL.withRank(4).withTargets(new Targets("mlp")),
                ALL.withRank(4).withDtype(DType.BF16),
                ALL.withMethod(DecomposeOptions.Method.SRFT, 4));
        for (boolean finished : new boolean[] {true, false}) {
            if (!finished) {
                Files.delete(out.resolve(Factors.INDEX));
            }
            for (DecomposeOptions other : others) {
                String message = assertThrows(IllegalArgumentException.class, () -> decompose(other))
                        .getMessage();
                assertTrue(message.contains("holds factors of other parameters"), message);
                assertFalse(message.contains("\n"));
            }
        }
        Samples.spoil(folder, "model.norm.weight", 0, 3);
        String message = assertThrows(IllegalArgumentException.class, () -> decompose(ALL.withRank(4)))
                .getMessage();
        assertTrue(message.contains("base is"), message);
    }

    @Test
    void aFolderOfOtherThingsIsNotTouched() {
        Path model = folder;
        out = model;
        String message = assertThrows(IllegalArgumentException.class, () -> decompose(ALL))
                .getMessage();
        assertTrue(message.contains("holds 'README.md'"), message);
        out = model.resolve("config.json");
        assertThrows(IllegalArgumentException.class, () -> decompose(ALL));
    }

    @Test
    void twoAtOnceOnOneFolderAreRefused() {
        DecompositionListener second = new DecompositionListener() {
            @Override
            public void started(String weight, int index, int count) {
                String message = assertThrows(IllegalArgumentException.class, () -> decompose(ALL))
                        .getMessage();
                assertTrue(message.contains("another decomposition"), message);
            }
        };
        decompose(ALL, second);
        decompose(ALL);
    }

    @Test
    void theCheckFindsFactorsThatWereDamaged() throws IOException {
        decompose(ALL);
        byte[] bytes = Files.readAllBytes(shard(2));
        Arrays.fill(bytes, bytes.length / 2, bytes.length / 2 + 16, (byte) 0x3f);
        Files.write(shard(2), bytes);
        assertThrows(InvalidModelException.class, () -> decompose(ALL.withCheck()));
    }

    @Test
    void badOptionsAreRefused() {
        DecomposeOptions.Method gaussian = DecomposeOptions.Method.GAUSSIAN;
        assertThrows(IllegalArgumentException.class, () -> ALL.withMethod(gaussian, 0));
        assertThrows(IllegalArgumentException.class, () -> ALL.withRank(-1));
        assertThrows(IllegalArgumentException.class, () -> ALL.withDtype(DType.F16));
        assertThrows(
                IllegalArgumentException.class,
                () -> new DecomposeOptions(new Targets("mlp"), gaussian, 4, -1, 0, 0, DType.F32, false));
        assertThrows(IllegalArgumentException.class, () -> decompose(ALL.withTargets(new Targets("no.such"))));
        assertThrows(IllegalArgumentException.class, () -> new Targets(" "));
    }

    @Test
    void whatIsNoMatrixIsRefused() {
        try (Decomposer decomposer = Decomposer.open(ALL, 1)) {
            MemorySegment data = MemorySegment.ofArray(new byte[32]);
            for (TensorView tensor : List.of(
                    TensorView.of("v", DType.F32, data, 8),
                    TensorView.of("i", DType.I32, data, 4, 2),
                    TensorView.of("d", DType.F64, data, 2, 2),
                    TensorView.of("e", DType.F32, MemorySegment.ofArray(new byte[0]), 0, 2))) {
                String message = assertThrows(
                                InvalidModelException.class, () -> decomposer.decompose("some.safetensors", tensor))
                        .getMessage();
                assertTrue(message.startsWith("some.safetensors: tensor '" + tensor.name() + "': "), message);
            }
        }
    }

    private Path shard(int index) {
        return out.resolve(String.format("factors-%05d.safetensors", index + 1));
    }

    private FileTime[] times(int count) throws IOException {
        FileTime[] times = new FileTime[count];
        for (int i = 0; i < count; i++) {
            times[i] = Files.getLastModifiedTime(shard(i));
        }
        return times;
    }

    private static void cut(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 5));
    }

    @Test
    void aGpuTakesApartAsTheProcessorDoes() {
        List<DecomposeOptions> each = List.of(
                ALL,
                ALL.withMethod(DecomposeOptions.Method.GAUSSIAN, 6),
                ALL.withMethod(DecomposeOptions.Method.SRFT, 6));
        for (DecomposeOptions options : each) {
            out = temporary.resolve("cpu-" + options.method());
            List<MatrixReport> expected = decompose(options);
            OnShim.run(() -> {
                try (ModelDirectory model = ModelDirectory.open(folder);
                        Decomposer decomposer = Decomposer.open(options, 2, Device.cuda(0), Assertions::fail)) {
                    Path gpu = temporary.resolve("gpu-" + options.method());
                    List<MatrixReport> found = decomposer.decompose(model, gpu, DecompositionListener.NONE);
                    for (int i = 0; i < expected.size(); i++) {
                        assertEquals(expected.get(i).weight(), found.get(i).weight());
                        assertEquals(expected.get(i).rank(), found.get(i).rank());
                        // the same sketch, single precision for double
                        assertEquals(
                                expected.get(i).relativeError(), found.get(i).relativeError(), 1e-5, found::toString);
                        assertTrue(found.get(i).orthogonality() < 1e-5, found::toString);
                    }
                }
            });
        }
    }

    @Test
    void whatDoesNotFitAGpuIsItsErrorAndTheProcessorsOnlyWhereNobodyInsists() {
        ShimLibraries shim = ShimLibraries.fresh();
        List<String> notes = new ArrayList<>();
        try (ShimLibraries.InUse _ = shim.use();
                ModelDirectory model = ModelDirectory.open(folder)) {
            shim.memory(4000);
            try (Decomposer decomposer = Decomposer.open(ALL, 2, Device.cuda(0), notes::add)) {
                RuntimeException e = assertThrows(
                        RuntimeException.class, () -> decomposer.decompose(model, out, DecompositionListener.NONE));
                assertFalse(e instanceof InvalidModelException, "the model is sound");
                assertTrue(e.getMessage().startsWith("cuda:0: out of memory: W ["), e::getMessage);
                assertTrue(e.getMessage().endsWith(" GiB are free; use --device cpu"), e::getMessage);
            }
            assertEquals(List.of(), notes);
            try (Decomposer decomposer = Decomposer.open(ALL, 2, Device.AUTO, notes::add)) {
                assertEquals(
                        14,
                        decomposer
                                .decompose(model, out, DecompositionListener.NONE)
                                .size());
            }
            assertEquals(
                    "taking weights apart on cuda:0, in single precision; --device cpu has double", notes.getFirst());
            assertTrue(notes.get(1).endsWith("computed on the processor"), notes::toString);
        }
        shim.assertClean();
    }

    @Test
    void theFolderSaysInWhichPrecisionItWasMadeAndIsNotEndedInTheOther() throws IOException {
        OnShim.run(() -> decomposeOn(Device.cuda(0)));
        try (Factors factors = Factors.open(out)) {
            assertEquals("single", factors.metadata().get("precision"));
        }
        Files.delete(out.resolve(Factors.INDEX));
        Files.delete(shard(13));
        String message = assertThrows(IllegalArgumentException.class, () -> decompose(ALL))
                .getMessage();
        assertTrue(
                message.endsWith("(factors-00001.safetensors: precision is single, now double): expected the same,"
                        + " by --device cuda, or another folder"),
                message);
        OnShim.run(() -> assertEquals(
                13,
                decomposeOn(Device.cuda(0)).stream()
                        .filter(MatrixReport::resumed)
                        .count()));
    }

    @Test
    void aFolderThatDoesNotSayItsPrecisionIsOfTheProcessor() throws IOException {
        decompose(ALL);
        try (Factors factors = Factors.open(out)) {
            assertEquals("double", factors.metadata().get("precision"));
        }
        for (int i = 0; i < 14; i++) {
            forgetPrecision(shard(i));
        }
        Path index = out.resolve(Factors.INDEX);
        String text = Files.readString(index);
        assertTrue(text.contains("\"precision\" : \"double\","), text);
        Files.writeString(index, text.replace("\"precision\" : \"double\",", ""));
        try (Factors factors = Factors.open(out)) {
            assertFalse(factors.metadata().containsKey("precision"));
            assertTrue(factors.fullRank());
        }
        ShimLibraries shim = ShimLibraries.fresh();
        try (ShimLibraries.InUse _ = shim.use()) {
            String message = assertThrows(IllegalArgumentException.class, () -> decomposeOn(Device.cuda(0)))
                    .getMessage();
            assertTrue(
                    message.endsWith(
                            ": precision is double, now single): expected the same, by --device cpu, or another"
                                    + " folder"),
                    message);
        }
        assertTrue(decompose(ALL).stream().allMatch(MatrixReport::resumed));
    }

    private List<MatrixReport> decomposeOn(Device device) {
        try (ModelDirectory model = ModelDirectory.open(folder);
                Decomposer decomposer = Decomposer.open(ALL, 2, device, Assertions::fail)) {
            return decomposer.decompose(model, out, DecompositionListener.NONE);
        }
    }

    private static void forgetPrecision(Path shard) {
        Map<String, String> metadata;
        List<TensorView> tensors;
        try (SafetensorsFile file = SafetensorsFile.open(shard)) {
            metadata = new LinkedHashMap<>(file.metadata());
            assertEquals("double", metadata.remove("precision"));
            tensors = file.tensors().values().stream()
                    .map(tensor -> TensorView.of(
                            tensor.name(),
                            tensor.dtype(),
                            Arena.ofAuto().allocate(tensor.data().byteSize()).copyFrom(tensor.data()),
                            tensor.shape().stream().mapToLong(Long::longValue).toArray()))
                    .toList();
        }
        SafetensorsWriter.write(shard, tensors, metadata);
    }

    @Test
    void aGpuThatIsNotThereIsRefusedAndLeavesNoThread() throws InterruptedException {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> Decomposer.open(ALL, 2, new Device(Device.Kind.CUDA, 3), Assertions::fail))
                .getMessage();
        assertTrue(message.startsWith("cuda:3 cannot be used: "), message);
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (!before.contains(thread) && thread.getName().startsWith("mimic-")) {
                thread.join(10_000); // it may be on its way out
                assertFalse(thread.isAlive(), thread::getName);
            }
        }
    }
}
