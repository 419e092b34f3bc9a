package dev.mimic.loader.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.testkit.TestFolders;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every case of the pack's safetensors_cases: loads with exactly the values given, or is refused. */
final class SafetensorsOracleTest {
    private static final String SUITE = "safetensors cases";

    @TestFactory
    List<DynamicTest> everyCaseLoadsOrIsRefusedAsExpected() {
        Path folder = folder();
        JsonObject expected = Json.readObject(folder.resolve("expected.json"));
        List<DynamicTest> tests = new ArrayList<>();
        for (String name : expected.names()) {
            JsonObject one = expected.object(name).orElseThrow();
            tests.add(DynamicTest.dynamicTest(name, () -> check(folder.resolve(name + ".safetensors"), one)));
        }
        return tests;
    }

    @Test
    void everyFileOfTheFolderIsACase() {
        Path folder = folder();
        Set<String> files = new HashSet<>();
        for (Path file : TestFolders.files(folder, ".safetensors")) {
            files.add(file.getFileName().toString().replace(".safetensors", ""));
        }
        assertEquals(Json.readObject(folder.resolve("expected.json")).names(), files);
    }

    private static Path folder() {
        Path folder = TestFolders.oracle().resolve("safetensors_cases");
        if (!Files.isDirectory(folder)) {
            throw TestFolders.skip(SUITE, "the pack has no safetensors_cases");
        }
        return folder;
    }

    private static void check(Path file, JsonObject expected) {
        TestFolders.used(SUITE, file.getFileName());
        if (expected.text("must").orElseThrow().equals("refuse")) {
            InvalidModelException e = assertThrows(
                    InvalidModelException.class,
                    () -> SafetensorsFile.open(file).close(),
                    expected.text("why").orElse(""));
            assertTrue(e.getMessage().startsWith(file.getFileName() + ": "), e.getMessage());
            return;
        }
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            expected.object("tensors").ifPresent(tensors -> compare(tensors, opened));
            if (expected.names().contains("metadata")) {
                assertEquals(expected.object("metadata").map(JsonObject::asMap).orElse(Map.of()), opened.metadata());
            }
        }
    }

    private static void compare(JsonObject expected, SafetensorsFile opened) {
        assertEquals(expected.names(), opened.tensors().keySet());
        for (String name : expected.names()) {
            JsonObject tensor = expected.object(name).orElseThrow();
            TensorView view = opened.tensor(name).orElseThrow();
            assertEquals(tensor.text("dtype").orElseThrow(), view.dtype().name(), name);
            assertEquals(tensor.list("shape").orElseThrow(), view.shape(), name);
            List<Object> values = tensor.list("values").orElseThrow();
            assertEquals(values.size(), view.elements(), name);
            for (int i = 0; i < values.size(); i++) {
                assertEquals(expectedValue(view.dtype(), values.get(i)), value(view, i), name + "[" + i + "]");
            }
        }
    }

    /** JSON has no NaN and no infinity: null and texts stand for them. */
    private static Object expectedValue(DType dtype, Object value) {
        boolean real = switch (dtype) {
            case F16, BF16, F32, F64 -> true;
            default -> false;
        };
        if (!real) {
            return ((Number) value).longValue();
        }
        if (value instanceof String text) {
            return Double.parseDouble(text.replace("inf", "Infinity"));
        }
        return value == null ? Double.NaN : ((Number) value).doubleValue();
    }

    private static Object value(TensorView view, int i) {
        MemorySegment data = view.data();
        return switch (view.dtype()) {
            case F64 -> data.get(layout(ValueLayout.JAVA_DOUBLE_UNALIGNED), 8L * i);
            case F32 -> (double) data.get(layout(ValueLayout.JAVA_FLOAT_UNALIGNED), 4L * i);
            case F16 -> (double) Float.float16ToFloat(shortAt(data, i));
            case BF16 -> (double) Float.intBitsToFloat(shortAt(data, i) << 16);
            case I64, U64 -> data.get(layout(ValueLayout.JAVA_LONG_UNALIGNED), 8L * i);
            case I32 -> (long) data.get(layout(ValueLayout.JAVA_INT_UNALIGNED), 4L * i);
            case U32 -> data.get(layout(ValueLayout.JAVA_INT_UNALIGNED), 4L * i) & 0xffffffffL;
            case I16 -> (long) shortAt(data, i);
            case U16 -> shortAt(data, i) & 0xffffL;
            case I8 -> (long) data.get(ValueLayout.JAVA_BYTE, i);
            case U8, BOOL, F8_E5M2, F8_E4M3 -> data.get(ValueLayout.JAVA_BYTE, i) & 0xffL;
        };
    }

    private static short shortAt(MemorySegment data, int i) {
        return data.get(layout(ValueLayout.JAVA_SHORT_UNALIGNED), 2L * i);
    }

    @SuppressWarnings("unchecked") // withOrder keeps the kind of layout
    private static <L extends ValueLayout> L layout(L layout) {
        return (L) layout.withOrder(ByteOrder.LITTLE_ENDIAN);
    }
}
