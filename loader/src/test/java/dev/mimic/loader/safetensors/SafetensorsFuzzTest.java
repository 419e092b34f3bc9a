package dev.mimic.loader.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.testkit.FuzzOutcomes;
import dev.mimic.testkit.Fuzzer;
import dev.mimic.testkit.JsonMutations;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Broken headers and files end in one line. */
final class SafetensorsFuzzTest {
    @TempDir
    private Path folder;

    @Test
    void aBrokenHeaderIsRefusedInOneLine() throws IOException {
        FuzzOutcomes outcomes = Fuzzer.run(
                "safetensors header",
                seeds(),
                JsonMutations::behindLength,
                input ->
                        sound(SafetensorsHeader.read(new ByteArrayInputStream(input), input.length, "x"), input.length),
                InvalidModelException.class);
        if (Fuzzer.cases() >= 2000) {
            outcomes.assertSeen("header length", "not valid JSON", "as its first byte", "trailing bytes");
        }
        if (Fuzzer.cases() >= 20_000) {
            outcomes.assertSeen("a hole of", "an overlap of", "overflows", "the name stands twice", "needs N bytes");
        }
    }

    @Test
    void aBrokenFileIsRefusedInOneLine() throws IOException {
        Path file = folder.resolve("fuzzed.safetensors");
        Fuzzer.run(
                "safetensors file",
                seeds(),
                JsonMutations::behindLength,
                input -> {
                    Files.write(file, input);
                    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
                        for (TensorView view : opened.tensors().values()) {
                            long last = view.data().byteSize() - 1;
                            if (last >= 0) {
                                assertEquals(
                                        input[(int) (view.data().address() - start(opened) + last)],
                                        view.data().get(ValueLayout.JAVA_BYTE, last));
                            }
                        }
                    }
                },
                InvalidModelException.class);
    }

    private static long start(SafetensorsFile file) {
        long end = 0;
        for (TensorView view : file.tensors().values()) {
            end = Math.max(end, view.data().address() + view.data().byteSize());
        }
        return end - file.size();
    }

    /** What was accepted covers the data without a hole. */
    private static void sound(SafetensorsHeader header, long size) {
        long next = 0;
        for (SafetensorsHeader.Entry entry : header.entries()) {
            assertEquals(next, entry.begin());
            next = entry.end();
        }
        assertEquals(size, header.dataStart() + next);
    }

    private List<byte[]> seeds() throws IOException {
        Path file = folder.resolve("seed.safetensors");
        MemorySegment data = MemorySegment.ofArray(new float[24]);
        SafetensorsWriter.write(
                file,
                List.of(
                        TensorView.of("model.layers.0.mlp.up_proj.weight", DType.F32, data.asSlice(0, 48), 3, 4),
                        TensorView.of("b", DType.BF16, data.asSlice(0, 8), 4),
                        TensorView.of("empty", DType.F16, data.asSlice(0, 0), 0, 7),
                        TensorView.of("scalar", DType.F64, data.asSlice(0, 8))),
                Map.of("format", "pt", "note", "é你"));
        byte[] several = Files.readAllBytes(file);
        SafetensorsWriter.write(file, List.of(TensorView.of("x", DType.U8, data.asSlice(0, 5), 5)), Map.of());
        return List.of(several, Files.readAllBytes(file));
    }
}
