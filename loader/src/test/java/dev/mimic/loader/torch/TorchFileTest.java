package dev.mimic.loader.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.PythonWithTorch;
import dev.mimic.testkit.TorchFileWriter;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TorchFileTest {
    @TempDir
    private Path folder;

    @Test
    void aDictionaryOfTensorsReadsInItsOrder() throws IOException {
        Path file = folder.resolve("policy_params.pt");
        TorchFileWriter.write(
                file,
                List.of("learnable_params_module_list.1", "learnable_params_module_list.0"),
                new float[][] {{1.5f, -2}, {3}});
        Map<String, TensorView> tensors = TorchFile.read(file);
        assertEquals(
                List.of("learnable_params_module_list.1", "learnable_params_module_list.0"),
                List.copyOf(tensors.keySet()));
        TensorView first = tensors.get("learnable_params_module_list.1");
        assertEquals(DType.F32, first.dtype());
        assertEquals(List.of(2L), first.shape());
        assertEquals(-2f, first.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cos\nsystem\n(S'echo'\ntR.",
                "cbuiltins\neval\n.",
                "ctorch\nload\n.",
                "ctorch._utils\n_rebuild_device_tensor_from_numpy\n.",
            })
    void whatIsNoTensorIsRefusedByName(String pickle) {
        InvalidModelException e = assertThrows(
                InvalidModelException.class,
                () -> PickleReader.read("x.pt", pickle.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1)));
        String name = pickle.substring(1, pickle.indexOf('\n', pickle.indexOf('\n') + 1))
                .replace('\n', '.');
        assertTrue(e.getMessage().contains(name), e.getMessage());
    }

    @Test
    void aBrokenPickleIsOneLine() {
        for (byte[] pickle :
                new byte[][] {{}, {'('}, {'t', '.'}, {'s', '.'}, {'X', 127, 127, 127, 127, '.'}, {'K'}, {'R', '.'}}) {
            assertThrows(InvalidModelException.class, () -> PickleReader.read("x.pt", pickle));
        }
    }

    @Test
    void aListThatHoldsItselfIsNoKey() {
        byte[] pickle = {']', 'q', 0, 'h', 0, 'a', '}', 'h', 0, 'N', 's', '.'};
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> PickleReader.read("x.pt", pickle));
        assertTrue(e.getMessage().contains("a key of a dictionary is no text"), e.getMessage());
    }

    @Test
    void aTensorThatReachesBeyondItsStorageIsRefused() throws IOException {
        Path file = folder.resolve("x.pt");
        TorchFileWriter.write(file, List.of("a"), new float[][] {{1, 2, 3}}, 4);
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> TorchFile.read(file));
        assertEquals("x.pt: 'a': elements 0 to 4 of a storage of 3", e.getMessage());
    }

    @Test
    void aFileThatIsNoArchiveIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("x.pt"), "no zip at all");
        assertThrows(InvalidModelException.class, () -> TorchFile.read(file));
    }

    @Test
    void whatTorchItselfSavesReadsTheSame() throws IOException, InterruptedException {
        Path file = folder.resolve("torch.pt");
        String script = "import torch, collections, sys; "
                + "torch.save(collections.OrderedDict(a=torch.nn.Parameter(torch.tensor([1.5, -2.])), "
                + "b=torch.arange(6.).reshape(2, 3)[1], c=torch.tensor([0.5]).bfloat16()), sys.argv[1])";
        PythonWithTorch.orSkip("files saved by torch itself").run(script, file);
        Map<String, TensorView> tensors = TorchFile.read(file);
        assertEquals(List.of("a", "b", "c"), List.copyOf(tensors.keySet()));
        assertEquals(-2f, tensors.get("a").data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4));
        assertEquals(5f, tensors.get("b").data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 8));
        assertEquals(DType.BF16, tensors.get("c").dtype());
    }
}
