package dev.mimic.loader.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mimic.loader.InvalidModelException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TensorScanTest {
    @TempDir
    private Path folder;

    @Test
    void everyPatternOfSixteenBitsIsCountedAsItsValueIs() {
        byte[] all = new byte[2 << 16];
        ByteBuffer patterns = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
        int half = 0;
        int brain = 0;
        for (int bits = 0; bits < 1 << 16; bits++) {
            patterns.putShort((short) bits);
            half += Float.isFinite(Float.float16ToFloat((short) bits)) ? 0 : 1;
            brain += Float.isFinite(Float.intBitsToFloat(bits << 16)) ? 0 : 1;
        }
        assertEquals(half, count(DType.F16, all));
        assertEquals(brain, count(DType.BF16, all));
    }

    @Test
    void nanAndInfinityOfEitherSignAreCountedInFloatsAndDoubles() {
        float[] floats = {
            0,
            -0.0f,
            Float.NaN,
            Float.MAX_VALUE,
            Float.NEGATIVE_INFINITY,
            Float.MIN_VALUE,
            Float.POSITIVE_INFINITY,
            Float.intBitsToFloat(0xff800001)
        };
        ByteBuffer f32 = ByteBuffer.allocate(4 * floats.length).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer f64 = ByteBuffer.allocate(8 * floats.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : floats) {
            f32.putFloat(value);
            f64.putDouble(value == Float.MAX_VALUE ? Double.MAX_VALUE : value);
        }
        assertEquals(4, count(DType.F32, f32.array()));
        assertEquals(4, count(DType.F64, f64.array()));
    }

    @Test
    void everyPatternOfEightBitsIsCountedAsTheFormatsSay() {
        byte[] all = new byte[256];
        for (int i = 0; i < 256; i++) {
            all[i] = (byte) i;
        }
        assertEquals(8, count(DType.F8_E5M2, all)); // exponent 31: an infinity and three NaN per sign
        assertEquals(2, count(DType.F8_E4M3, all)); // one NaN per sign
        assertEquals(0, count(DType.I8, all));
    }

    @Test
    void aTensorOfSeveralChunksIsCountedWholeAndProgressAddsUp() {
        int elements = (9 << 20) / 4 + 5;
        MemorySegment data = MemorySegment.ofArray(new float[elements]);
        for (int at : new int[] {0, 1 << 20, (1 << 20) - 1, elements - 1}) {
            data.set(ValueLayout.JAVA_FLOAT, 4L * at, Float.NaN);
        }
        Path file = folder.resolve("x.safetensors");
        SafetensorsWriter.write(
                file,
                List.of(
                        TensorView.of("big", DType.F32, data, elements),
                        TensorView.of("ids", DType.I64, MemorySegment.ofArray(new long[] {-1}), 1)),
                Map.of());
        AtomicLong bytes = new AtomicLong();
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            assertEquals(Map.of("big", 4L, "ids", 0L), TensorScan.nonFinite(opened, bytes::addAndGet));
        }
        assertEquals(4L * elements + 8, bytes.get());
    }

    @Test
    void aFileCutInTheMiddleOfAScanEndsInOneLine() {
        Path file = folder.resolve("cut.safetensors");
        for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.I8}) {
            MemorySegment data = MemorySegment.ofArray(new byte[8 << 20]);
            SafetensorsWriter.write(
                    file, List.of(TensorView.of("x", dtype, data, data.byteSize() / dtype.bytes())), Map.of());
            try (SafetensorsFile opened = SafetensorsFile.open(file)) {
                InvalidModelException e =
                        assertThrows(InvalidModelException.class, () -> TensorScan.nonFinite(opened, _ -> cut(file)));
                assertEquals(
                        "cut.safetensors: the file was cut while in use, expected " + opened.size()
                                + " bytes, found 1500000",
                        e.getMessage());
            }
        }
    }

    private static void cut(Path file) {
        try (RandomAccessFile shorter = new RandomAccessFile(file.toFile(), "rw")) {
            shorter.setLength(1_500_000);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long count(DType dtype, byte[] bytes) {
        MemorySegment data = MemorySegment.ofArray(bytes);
        return TensorScan.nonFinite(TensorView.of("x", dtype, data, bytes.length / dtype.bytes()), _ -> {});
    }
}
