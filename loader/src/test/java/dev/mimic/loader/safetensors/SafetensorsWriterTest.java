package dev.mimic.loader.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.SeededCases;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SafetensorsWriterTest {
    @TempDir
    private Path folder;

    @Test
    void whatIsWrittenReadsBackTheSameForEveryDType() {
        List<TensorView> tensors = new ArrayList<>();
        for (DType dtype : DType.values()) {
            byte[] bytes = new byte[3 * 5 * dtype.bytes()];
            SeededCases.generator(dtype.ordinal()).nextBytes(bytes);
            tensors.add(TensorView.of(dtype.name(), dtype, MemorySegment.ofArray(bytes), 3, 5));
        }
        Map<String, String> metadata = Map.of("format", "mimic", "ключ \"\n", "değer 你\t\uD83D\uDE00");
        Path file = folder.resolve("all.safetensors");
        SafetensorsWriter.write(file, tensors, metadata);
        assertSame(tensors, metadata, file);
    }

    @Test
    void scalarsEmptyTensorsAndUnusualNamesReadBackTheSame() {
        MemorySegment four = MemorySegment.ofArray(new float[] {1, -0.0f, Float.NaN, 4});
        List<TensorView> tensors = List.of(
                TensorView.of("scalar", DType.F32, four.asSlice(0, 4)),
                TensorView.of("empty", DType.F32, four.asSlice(0, 0), 0, 4),
                TensorView.of("wéight.你 \uD83D\uDE00/\\\"\u0001", DType.F32, four, 4),
                TensorView.of("", DType.U8, four.asSlice(1, 3), 3),
                TensorView.of("empty at the end", DType.I64, four.asSlice(0, 0), 7, 0));
        Path file = folder.resolve("names.safetensors");
        SafetensorsWriter.write(file, tensors, Map.of());
        assertSame(tensors, Map.of(), file);
    }

    @Test
    void aFileWithoutTensorsReadsBack() {
        Path file = folder.resolve("none.safetensors");
        SafetensorsWriter.write(file, List.of(), Map.of());
        assertSame(List.of(), Map.of(), file);
    }

    @Test
    void dataBeginAtAMultipleOfEightBytes() throws IOException {
        for (int length = 1; length <= 9; length++) {
            Path file = folder.resolve("aligned.safetensors");
            SafetensorsWriter.write(
                    file,
                    List.of(TensorView.of("n".repeat(length), DType.U8, MemorySegment.ofArray(new byte[3]), 3)),
                    Map.of());
            assertEquals(0, (Files.size(file) - 3) % 8);
        }
    }

    @Test
    void aTensorLargerThanTheBufferIsWrittenWhole() {
        int[] values = SeededCases.generator(1).ints((1 << 19) + 13).toArray();
        List<TensorView> tensors =
                List.of(TensorView.of("big", DType.I32, MemorySegment.ofArray(values), values.length));
        Path file = folder.resolve("big.safetensors");
        SafetensorsWriter.write(file, tensors, Map.of());
        assertSame(tensors, Map.of(), file);
    }

    @Test
    void aSourceThatFailsLeavesNoFileBehind() throws IOException {
        PendingTensor first =
                new PendingTensor("a", DType.U8, List.of(2L), () -> MemorySegment.ofArray(new byte[] {1, 2}));
        PendingTensor failing = new PendingTensor("b", DType.U8, List.of(2L), () -> {
            throw new IllegalStateException("no data");
        });
        Path file = folder.resolve("failed.safetensors");
        IllegalStateException e = assertThrows(
                IllegalStateException.class,
                () -> SafetensorsWriter.writePending(file, List.of(first, failing), Map.of()));
        assertEquals("no data", e.getMessage());
        assertEquals(List.of(), listed());
    }

    @Test
    void aSourceThatFailsLeavesTheOldFileAsItWas() throws IOException {
        Path file = folder.resolve("old.safetensors");
        Files.writeString(file, "old");
        PendingTensor wrong = new PendingTensor("b", DType.F32, List.of(2L), () -> MemorySegment.ofArray(new byte[7]));
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> SafetensorsWriter.writePending(file, List.of(wrong), Map.of()));
        assertEquals("write: tensor 'b': shape [2] of F32 needs 8 bytes, got 7", e.getMessage());
        assertEquals("old", Files.readString(file));
        assertEquals(List.of(file), listed());
    }

    @Test
    void whoHasTheOldFileMappedKeepsItsBytes() {
        Path file = folder.resolve("swap.safetensors");
        write(file, (byte) 1);
        try (SafetensorsFile old = SafetensorsFile.open(file)) {
            write(file, (byte) 2);
            assertEquals(1, old.tensor("x").orElseThrow().data().get(ValueLayout.JAVA_BYTE, 0));
            old.checkStillWhole();
        }
    }

    @Test
    void namesThatStandTwiceOrAreReservedAreRefused() {
        TensorView x = TensorView.of("x", DType.U8, MemorySegment.ofArray(new byte[1]), 1);
        TensorView reserved = TensorView.of("__metadata__", DType.U8, MemorySegment.ofArray(new byte[1]), 1);
        TensorView half = TensorView.of("\uD800", DType.U8, MemorySegment.ofArray(new byte[1]), 1);
        Path file = folder.resolve("refused.safetensors");
        for (List<TensorView> tensors : List.of(List.of(x, x), List.of(reserved), List.of(half))) {
            assertThrows(
                    IllegalArgumentException.class, () -> SafetensorsWriter.write(file, tensors, Map.of("k", "v")));
        }
        assertThrows(
                IllegalArgumentException.class, () -> SafetensorsWriter.write(file, List.of(x), Map.of("k", "\uDC00")));
    }

    private static void write(Path file, byte value) {
        SafetensorsWriter.write(
                file, List.of(TensorView.of("x", DType.U8, MemorySegment.ofArray(new byte[] {value}), 1)), Map.of());
    }

    private List<Path> listed() throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.toList();
        }
    }

    private static void assertSame(List<TensorView> tensors, Map<String, String> metadata, Path file) {
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertEquals(metadata, read.metadata());
            assertEquals(tensors.size(), read.tensors().size());
            for (TensorView tensor : tensors) {
                TensorView found = read.tensor(tensor.name()).orElseThrow();
                assertEquals(tensor.dtype(), found.dtype());
                assertEquals(tensor.shape(), found.shape());
                assertArrayEquals(
                        tensor.data().toArray(ValueLayout.JAVA_BYTE),
                        found.data().toArray(ValueLayout.JAVA_BYTE));
                assertTrue(found.data().isReadOnly());
            }
        }
    }
}
