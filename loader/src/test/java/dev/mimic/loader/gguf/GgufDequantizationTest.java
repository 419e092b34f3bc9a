package dev.mimic.loader.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.testkit.SeededCases;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GgufDequantizationTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(GgufType.class)
    void everyElementHasTheValueTheFormatDefines(GgufType type) {
        SeededCases.run(20, type.number() * 1000L, random -> {
            int blocks = 1 + random.nextInt(3);
            int rows = 1 + random.nextInt(3);
            byte[] data = BlockOracle.randomBlocks(type, blocks * rows, random);
            int length = blocks * type.blockSize();
            Path file = new TestGguf().tensor("t", type, data, rows, length).write(folder.resolve("t.gguf"));
            try (GgufFile gguf = GgufFile.open(file)) {
                GgufTensor tensor = gguf.tensor("t").orElseThrow();
                assertEquals(rows, tensor.rows());
                assertEquals(length, tensor.rowLength());
                float[] row = new float[length];
                for (int r = 0; r < rows; r++) {
                    tensor.readRow(r, new byte[tensor.rowBytes()], row);
                    for (int i = 0; i < length; i++) {
                        int block = (r * blocks + i / type.blockSize()) * type.blockBytes();
                        float expected = BlockOracle.value(type, data, block, i % type.blockSize());
                        // + 0 makes -0 and 0 one: exact arithmetic has no sign of zero
                        assertEquals(expected + 0f, row[i] + 0f, 0f, type + " element " + i);
                    }
                }
            }
        });
    }

    @Test
    void scalesBeyondTheFiniteStayWhatTheyAre() {
        byte[] block = new byte[GgufType.Q4_0.blockBytes()];
        block[1] = 0x7C; // infinity
        float[] y = new float[32];
        Blocks.dequantize(GgufType.Q4_0, block, 1, y);
        assertEquals(Float.NEGATIVE_INFINITY, y[0]);
    }
}
