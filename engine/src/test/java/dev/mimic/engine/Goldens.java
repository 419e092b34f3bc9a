package dev.mimic.engine;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads golden files. */
final class Goldens {
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Goldens() {}

    static JsonObject json(Path file) {
        return Json.readObject(file);
    }

    /** The objects of a list. */
    static List<JsonObject> objects(JsonObject parent, String name) {
        List<JsonObject> all = new ArrayList<>();
        for (Object item : parent.list(name).orElseThrow()) {
            @SuppressWarnings("unchecked")
            Map<String, Object> fields = (Map<String, Object>) item;
            all.add(new JsonObject(parent.file(), name, fields));
        }
        return all;
    }

    static int[] ids(JsonObject parent, String name) {
        return parent.list(name).orElseThrow().stream()
                .mapToInt(id -> ((Number) id).intValue())
                .toArray();
    }

    static double[] doubles(JsonObject parent, String name) {
        return parent.list(name).orElseThrow().stream()
                .mapToDouble(x -> ((Number) x).doubleValue())
                .toArray();
    }

    /** All F32 tensors of a file: an adapter. */
    static Map<String, float[]> vectors(Path file) {
        Map<String, float[]> all = new LinkedHashMap<>();
        try (SafetensorsFile open = SafetensorsFile.open(file)) {
            open.tensors().forEach((name, view) -> all.put(name, view.data().toArray(FLOAT)));
        }
        return all;
    }

    /** An F64 matrix, row by row. */
    static double[][] matrix(TensorView view) {
        int rows = Math.toIntExact(view.shape().get(0));
        int cols = Math.toIntExact(view.shape().get(1));
        double[][] all = new double[rows][cols];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                all[r][c] = view.data().getAtIndex(DOUBLE, (long) r * cols + c);
            }
        }
        return all;
    }

    /** The largest difference of a row. */
    static double distance(double[] expected, float[] found) {
        if (expected.length != found.length) {
            throw new AssertionError("expected " + expected.length + " values, found " + found.length);
        }
        double most = 0;
        for (int i = 0; i < expected.length; i++) {
            double difference = Math.abs(expected[i] - found[i]);
            if (!(difference <= most)) {
                most = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
            }
        }
        return most;
    }
}
