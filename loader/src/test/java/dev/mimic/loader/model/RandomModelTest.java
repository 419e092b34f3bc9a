package dev.mimic.loader.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class RandomModelTest {
    private static final RandomModel.Shape TINY =
            new RandomModel.Shape("tiny", 32, 48, 2, 4, 2, 8, 100, 256, 10_000, true);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void theFolderIsAModelOfTheShape(DType dtype) {
        RandomModel.write(folder, TINY, dtype);
        try (ModelDirectory directory = ModelDirectory.open(folder);
                SafetensorsFile file = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            assertEquals(32, directory.config().hiddenSize());
            assertEquals(2, directory.config().layers());
            assertEquals(100, directory.config().vocabularySize());
            assertTrue(directory.config().tiedHead());
            TensorView gate = file.tensor("model.layers.1.mlp.gate_proj.weight").orElseThrow();
            assertEquals(dtype, gate.dtype());
            double squares = 0;
            for (int i = 0; i < 48 * 32; i++) {
                double value = value(gate, i);
                squares += value * value;
            }
            assertEquals(0.02, Math.sqrt(squares / (48 * 32)), 0.002);
            assertEquals(1, value(file.tensor("model.norm.weight").orElseThrow(), 31));
        }
    }

    private static float value(TensorView tensor, int index) {
        return tensor.dtype() == DType.F32
                ? tensor.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 4L * index)
                : Float.intBitsToFloat(tensor.data()
                                .get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 2L * index)
                        << 16);
    }

    @Test
    void sizesAreThoseOfTheModelsItIsLike() {
        assertEquals(106_168_320 + 28_311_552, RandomModel.SMALL.linear() + RandomModel.SMALL.head());
        assertEquals(973_078_528 + 262_668_288, RandomModel.LARGE.linear() + RandomModel.LARGE.head());
    }

    @Test
    void anotherTypeIsRefused() {
        Exception e = assertThrows(IllegalArgumentException.class, () -> RandomModel.write(folder, TINY, DType.F16));
        assertEquals("random model: dtype is F16, expected F32 or BF16", e.getMessage());
        assertTrue(Files.notExists(folder.resolve("config.json")));
    }
}
