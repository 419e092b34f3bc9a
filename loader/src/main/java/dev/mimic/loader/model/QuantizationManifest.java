package dev.mimic.loader.model;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * quantization.json of a folder that {@code mimic quantize} wrote: which matrices are held as {@code NAME.values} and
 * {@code NAME.scales} in place of {@code NAME}.
 *
 * @param format of most matrices: q8 or q4
 * @param base fingerprint of the model it was made from
 * @param matrices by weight name
 */
public record QuantizationManifest(String format, String base, Map<String, Entry> matrices) {
    /** The file's name. */
    public static final String FILE = "quantization.json";

    /** The formats there are. */
    public static final List<String> FORMATS = List.of("q8", "q4");

    private static final int VERSION = 1;
    private static final int BLOCK = 32;

    public QuantizationManifest {
        matrices = Collections.unmodifiableMap(new LinkedHashMap<>(matrices));
    }

    /**
     * A matrix.
     *
     * @param format q8 or q4
     * @param relativeError {@code ‖W - W'‖ / ‖W‖} of Frobenius, against the model it was made from
     */
    public record Entry(String format, double relativeError) {}

    /** The name of the tensor that holds a matrix's values. */
    public static String values(String weight) {
        return weight + ".values";
    }

    /** The name of the tensor that holds a matrix's scales. */
    public static String scales(String weight) {
        return weight + ".scales";
    }

    /**
     * Reads the file.
     *
     * @throws InvalidModelException naming the first field that is missing or not what it should be
     */
    public static QuantizationManifest read(Path file) {
        JsonObject json = Json.readObject(file);
        require(json, "format_version", VERSION);
        require(json, "block", BLOCK);
        String base = json.text("base").orElseThrow(() -> json.missing("base"));
        if (!base.matches("[0-9a-f]{64}")) {
            throw json.invalid("base", "expected a fingerprint of 64 hexadecimal digits, found '" + base + "'");
        }
        JsonObject all = json.object("matrices").orElseThrow(() -> json.missing("matrices"));
        Map<String, Entry> matrices = new LinkedHashMap<>();
        for (String name : all.names()) {
            JsonObject entry = all.object(name).orElseThrow(() -> all.missing(name));
            double error = entry.number("relative_error").orElseThrow(() -> entry.missing("relative_error"));
            matrices.put(name, new Entry(format(entry), error));
        }
        return new QuantizationManifest(format(json), base, matrices);
    }

    private static void require(JsonObject json, String field, int expected) {
        int found = json.integer(field).orElseThrow(() -> json.missing(field));
        if (found != expected) {
            throw json.invalid(field, "is " + found + ", expected " + expected);
        }
    }

    private static String format(JsonObject json) {
        String format = json.text("format").orElseThrow(() -> json.missing("format"));
        if (!FORMATS.contains(format)) {
            throw json.invalid("format", "is '" + format + "', expected q8 or q4");
        }
        return format;
    }

    /** The file's text. */
    public String toJson() {
        Map<String, Object> all = new LinkedHashMap<>();
        matrices.forEach((name, entry) -> {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("format", entry.format());
            fields.put("relative_error", entry.relativeError());
            all.put(name, fields);
        });
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format_version", VERSION);
        json.put("format", format);
        json.put("block", BLOCK);
        json.put("base", base);
        json.put("matrices", all);
        return Json.writeIndented(json) + "\n";
    }
}
