package dev.mimic.adapt.task;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/** The records of a data file: an object a line, or one list of objects; compressed by gzip or not. */
final class Records {
    private static final int MAX_BYTES = 512 << 20; // also of what a compressed file unfolds to

    private Records() {}

    /**
     * Reads all records; blank lines are passed over.
     *
     * @throws InvalidModelException naming file and line
     */
    static List<JsonObject> read(Path file) {
        String name = String.valueOf(file.getFileName());
        List<JsonObject> records = parse(bytes(file, name), name);
        if (records.isEmpty()) {
            throw new InvalidModelException(name, "expected at least one record, found none");
        }
        return records;
    }

    /**
     * Parses the bytes of a data file.
     *
     * @param file a name for messages
     */
    static List<JsonObject> parse(byte[] utf8, String file) {
        int first = 0;
        while (first < utf8.length && utf8[first] <= ' ' && utf8[first] >= 0) {
            first++;
        }
        return first < utf8.length && utf8[first] == '[' ? list(utf8, file) : lines(utf8, file);
    }

    private static List<JsonObject> lines(byte[] utf8, String file) {
        List<JsonObject> records = new ArrayList<>();
        int begin = 0;
        for (int number = 1; begin < utf8.length; number++) {
            int end = begin;
            boolean blank = true;
            while (end < utf8.length && utf8[end] != '\n') {
                blank &= utf8[end] == ' ' || utf8[end] == '\r' || utf8[end] == '\t';
                end++;
            }
            if (!blank) {
                records.add(Json.parseObject(Arrays.copyOfRange(utf8, begin, end), file + " line " + number));
            }
            begin = end + 1;
        }
        return records;
    }

    private static List<JsonObject> list(byte[] utf8, String file) {
        List<JsonObject> records = new ArrayList<>();
        for (Object element : (List<?>) Json.parse(utf8, file)) {
            String place = file + " record " + (records.size() + 1);
            if (!(element instanceof Map<?, ?> map)) {
                throw new InvalidModelException(place, "expected an object, found " + element);
            }
            records.add(object(map, place));
        }
        return records;
    }

    @SuppressWarnings("unchecked") // the reader makes maps with String keys only
    private static JsonObject object(Map<?, ?> map, String place) {
        return new JsonObject(place, "", (Map<String, Object>) map);
    }

    private static byte[] bytes(Path file, String name) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            boolean gzip = bytes.length > 1 && bytes[0] == 0x1f && bytes[1] == (byte) 0x8b;
            return bounded(gzip ? unfolded(bytes, name) : bytes, name);
        } catch (FileSystemException e) {
            throw new UncheckedIOException(e);
        } catch (IOException e) { // of a folder, for one, it names nothing
            throw new UncheckedIOException(new FileSystemException(file.toString(), null, e.getMessage()));
        }
    }

    private static byte[] unfolded(byte[] bytes, String name) {
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
            return in.readNBytes(MAX_BYTES + 1);
        } catch (IOException e) {
            throw new InvalidModelException(name, "not valid gzip: " + e.getMessage());
        }
    }

    private static byte[] bounded(byte[] bytes, String name) {
        if (bytes.length > MAX_BYTES) {
            throw new InvalidModelException(name, "expected at most " + MAX_BYTES + " bytes, found more");
        }
        return bytes;
    }

    /** A text field that must be there. */
    static String text(JsonObject record, String field) {
        return record.text(field).orElseThrow(() -> absent(record, field, "a text"));
    }

    /** A text field that may be absent; then empty. */
    static String textOrEmpty(JsonObject record, String field) {
        return record.text(field).orElse("");
    }

    /** A list of texts that must be there. */
    static List<String> texts(JsonObject record, String field) {
        List<Object> list = record.list(field).orElseThrow(() -> absent(record, field, "a list of texts"));
        List<String> texts = new ArrayList<>();
        for (Object element : list) {
            if (!(element instanceof String text)) {
                throw record.invalid(field, "expected a list of texts, found an element " + element);
            }
            texts.add(text);
        }
        return texts;
    }

    /** The exception for a field that must be there. */
    static InvalidModelException absent(JsonObject record, String field, String expected) {
        String names = String.join(", ", record.names());
        return record.invalid(field, "expected " + expected + ", found a record of {" + names + "}");
    }

    /** A text field if it is there and a text. */
    static Optional<String> ifText(JsonObject record, String field) {
        return record.get(field) instanceof String text ? Optional.of(text) : Optional.empty();
    }
}
