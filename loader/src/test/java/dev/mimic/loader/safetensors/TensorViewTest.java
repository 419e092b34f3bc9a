package dev.mimic.loader.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TensorViewTest {
    private static final int BYTES = 64 << 20;
    private static final Path STATUS = Path.of("/proc/self/status");

    @TempDir
    private Path folder;

    @Test
    void anUnloadedTensorTakesNoMemoryAndReadsAsBefore() throws IOException {
        assumeTrue(Files.isReadable(STATUS), "only Linux says what of a file is resident");
        String header = "{\"w\":{\"dtype\":\"I8\",\"shape\":[" + BYTES + "],\"data_offsets\":[0," + BYTES + "]}}";
        Path file = Files.write(folder.resolve("w.safetensors"), Crafted.file(header, BYTES));
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            TensorView tensor = opened.tensor("w").orElseThrow();
            long sum = sum(tensor.data());
            long resident = residentOfFiles();
            tensor.unload();
            long left = residentOfFiles();
            assertTrue(left <= resident - BYTES / 2, resident + " bytes resident, then " + left);
            assertEquals(sum, sum(tensor.data()));
        }
    }

    @Test
    void aTensorThatIsNotMappedStays() {
        TensorView tensor = TensorView.of("w", DType.I8, MemorySegment.ofArray(new byte[] {1, 2}), 2);
        tensor.unload();
        assertEquals(3, sum(tensor.data()));
    }

    private static long sum(MemorySegment data) {
        long sum = 0;
        for (long i = 0; i < data.byteSize(); i++) {
            sum += data.get(ValueLayout.JAVA_BYTE, i);
        }
        return sum;
    }

    private static long residentOfFiles() throws IOException {
        return Files.readAllLines(STATUS).stream()
                .filter(line -> line.startsWith("RssFile:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .findFirst()
                .orElseThrow();
    }
}
