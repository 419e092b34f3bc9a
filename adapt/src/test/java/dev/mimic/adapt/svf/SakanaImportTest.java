package dev.mimic.adapt.svf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.model.Factors;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.testkit.PythonWithTorch;
import dev.mimic.testkit.TestFolders;
import dev.mimic.testkit.TorchFileWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files as the Transformer² code writes them, written here by the protocol of torch.save. */
final class SakanaImportTest {
    private static final List<String> PARTS = List.of("gate", "up", "down");

    /** Writes saved/*.pt, all with the same numbers, and refused/*.pt. */
    private static final String SAVE = """
            import array, collections, os, sys, torch
            lines = [line.split() for line in open(sys.argv[1])]
            values = array.array('f')
            values.frombytes(open(sys.argv[2], 'rb').read())
            vectors, at = [], 0
            for name, length in lines:
                vectors.append(torch.tensor(values[at:at + int(length)]))
                at += int(length)
            for folder in 'saved', 'refused':
                os.mkdir(sys.argv[3] + '/' + folder)

            class Policy(torch.nn.Module):
                def __init__(self):
                    super().__init__()
                    self.learnable_params_module_list = torch.nn.ParameterList(
                        torch.nn.Parameter(v.clone()) for v in vectors)

            def save(name, what, **options):
                torch.save(what, sys.argv[3] + '/' + name, **options)

            policy = Policy()
            named = {name: torch.nn.Parameter(v) for (name, _), v in zip(lines, vectors)}
            save('saved/policy_params.pt', policy.state_dict())
            save('saved/policy_params_protocol4.pt', policy.state_dict(), pickle_protocol=4)
            save('saved/learnable_params.pt', named)
            save('saved/doubles.pt', {name: p.detach().double() for name, p in named.items()})
            whole = torch.cat(vectors) # every tensor a view of one storage
            save('saved/views.pt', dict(zip([name for name, _ in lines], whole.split([len(v) for v in vectors]))))

            class Evil:
                def __reduce__(self):
                    return open, (sys.argv[3] + '/refused/ran', 'w')

            save('refused/module.pt', policy)
            save('refused/evil.pt', {'model.layers.0.mlp.gate_proj.weight': Evil()})
            save('refused/before_1_6.pt', policy.state_dict(), _use_new_zipfile_serialization=False)
            """;

    @TempDir
    private Path folder;

    private Factors factors;
    private int layers;

    @BeforeEach
    void decompose() {
        Path out = folder.resolve("factors");
        try (ModelDirectory model = ModelDirectory.open(TestFolders.oracle().resolve("models/llama-gqa-f32"));
                Decomposer decomposer = Decomposer.open(DecomposeOptions.defaults(), 0)) {
            decomposer.decompose(model, out, DecompositionListener.NONE);
            layers = model.config().layers();
        }
        factors = Factors.open(out);
    }

    @AfterEach
    void close() {
        factors.close();
    }

    private String weight(int n) {
        return "model.layers." + n / 3 + ".mlp." + PARTS.get(n % 3) + "_proj.weight";
    }

    private float[][] parameters() {
        Random random = new Random(5);
        float[][] values = new float[3 * layers][];
        for (int n = 0; n < values.length; n++) {
            values[n] = new float[factors.factor(weight(n)).orElseThrow().sigma().length];
            for (int i = 0; i < values[n].length; i++) {
                values[n][i] = (float) (0.1 + random.nextGaussian());
            }
        }
        return values;
    }

    @Test
    void bothKindsOfFileGiveTheExpertOfTheFormula() throws IOException {
        float[][] p = parameters();
        List<String> numbered = new ArrayList<>();
        List<String> named = new ArrayList<>();
        for (int n = 0; n < p.length; n++) {
            numbered.add("learnable_params_module_list." + n);
            named.add(weight(n));
        }
        Path policy = folder.resolve("policy_params.pt");
        Path learnable = folder.resolve("learnable_params.pt");
        TorchFileWriter.write(policy, numbered, p);
        TorchFileWriter.write(learnable, named, p);
        double maxMult = 2;
        Expert first = SakanaImport.read(policy, layers).expert(factors, maxMult);
        Expert second = SakanaImport.read(learnable, layers).expert(factors, maxMult);
        assertEquals(3 * layers, first.vectors().size());
        for (int n = 0; n < p.length; n++) {
            float[] sigma = factors.factor(weight(n)).orElseThrow().sigma();
            double sum = 0;
            double scaled = 0;
            double[] m = new double[sigma.length];
            for (int i = 0; i < m.length; i++) {
                m[i] = maxMult / (1 + Math.exp(-p[n][i]));
                sum += sigma[i];
                scaled += sigma[i] * m[i];
            }
            for (int i = 0; i < m.length; i++) {
                assertEquals(m[i] * sum / scaled, first.vectors().get(weight(n))[i], 1e-6, weight(n));
            }
            assertArrayEquals(first.vectors().get(weight(n)), second.vectors().get(weight(n)));
        }
        Path out = folder.resolve("expert.safetensors");
        first.write(out);
        List<String> notes = new ArrayList<>();
        Expert read = Expert.read(out, notes::add);
        read.check(factors, false, notes::add);
        assertEquals(List.of(), notes);
        first.vectors().forEach((name, z) -> assertArrayEquals(z, read.vectors().get(name)));
    }

    @Test
    void filesThatDoNotFitAreRefusedByName() throws IOException {
        float[][] p = parameters();
        refused("weights.pt", List.of("lm_head.bias"), new float[][] {{1}}, "lm_head.bias");
        refused("few.pt", List.of("learnable_params_module_list.0"), new float[][] {p[0]}, "3 * layers");
        refused("far.pt", List.of("learnable_params_module_list." + 3 * layers), new float[][] {p[0]}, "below");
        List<String> numbered = new ArrayList<>();
        for (int n = 0; n < p.length; n++) {
            numbered.add("learnable_params_module_list." + n);
        }
        p[1] = new float[] {1, 2};
        refused("short.pt", numbered, p, "length 2");
        // known from the file's and the model's headers, before any matrix is taken apart
        try (ModelDirectory model = ModelDirectory.open(TestFolders.oracle().resolve("models/llama-gqa-f32"))) {
            SakanaImport read = SakanaImport.read(folder.resolve("short.pt"), layers);
            String message = assertThrows(InvalidModelException.class, () -> read.requireFit(model))
                    .getMessage();
            assertTrue(message.startsWith("short.pt: '" + weight(1) + "': has length 2, expected "), message);
            String few = assertThrows(
                            InvalidModelException.class, () -> SakanaImport.read(folder.resolve("few.pt"), layers))
                    .getMessage();
            assertTrue(few.contains("holds 1 tensors"), few);
        }
    }

    /** As the authors' code saves: the policy's state, and a dictionary of the parameters by weight. */
    @Test
    void filesThatTorchItselfSavesGiveTheSameExpert() throws IOException, InterruptedException {
        PythonWithTorch torch = PythonWithTorch.orSkip("experts saved by torch itself");
        float[][] p = parameters();
        List<String> names = IntStream.range(0, p.length).mapToObj(this::weight).toList();
        Path raw = folder.resolve("values");
        ByteBuffer bytes = ByteBuffer.allocate(
                        Arrays.stream(p).mapToInt(v -> v.length).sum() * Float.BYTES)
                .order(ByteOrder.nativeOrder());
        Arrays.stream(p).forEach(values -> {
            for (float value : values) {
                bytes.putFloat(value);
            }
        });
        Files.write(raw, bytes.array());
        Path lengths = Files.writeString(
                folder.resolve("names"),
                String.join(
                        "\n",
                        IntStream.range(0, p.length)
                                .mapToObj(n -> names.get(n) + " " + p[n].length)
                                .toList()));
        torch.run(SAVE, lengths, raw, folder);
        Path ours = folder.resolve("ours.pt");
        TorchFileWriter.write(ours, names, p);
        Expert expected = SakanaImport.read(ours, layers).expert(factors, 1);
        List<Path> saved = TestFolders.files(folder.resolve("saved"), ".pt");
        assertEquals(5, saved.size());
        for (Path file : saved) {
            Expert read = SakanaImport.read(file, layers).expert(factors, 1);
            assertEquals(expected.vectors().keySet(), read.vectors().keySet());
            expected.vectors()
                    .forEach((name, z) -> assertArrayEquals(z, read.vectors().get(name), file + ": " + name));
        }
        for (Path file : TestFolders.files(folder.resolve("refused"), ".pt")) {
            String message = assertThrows(
                            InvalidModelException.class,
                            () -> SakanaImport.read(file, layers).expert(factors, 1))
                    .getMessage();
            assertTrue(message.contains(String.valueOf(file.getFileName())), message);
            assertTrue(message.lines().count() == 1, message);
        }
        assertFalse(Files.exists(folder.resolve("refused/ran")), "something in a file was run");
        assertEquals(3, TestFolders.files(folder.resolve("refused"), ".pt").size());
    }

    private void refused(String name, List<String> names, float[][] values, String word) throws IOException {
        Path file = folder.resolve(name);
        TorchFileWriter.write(file, names, values);
        String message = assertThrows(
                        InvalidModelException.class,
                        () -> SakanaImport.read(file, layers).expert(factors, 1))
                .getMessage();
        assertTrue(message.contains(name), message);
        assertTrue(message.contains(word.equals("3 * layers") ? String.valueOf(3 * layers) : word), message);
    }
}
