package dev.mimic.loader.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.mimic.loader.InvalidModelException;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Strict JSON to plain Java values and back: {@code Map<String, Object>} in the file's order, {@code List<Object>},
 * {@link String}, {@link Long} or {@link BigInteger}, {@link Double}, {@link Boolean} and null. Duplicate names, text
 * after the value and nesting beyond 200 are refused.
 */
public final class Json {
    private static final int MAX_DEPTH = 200;
    private static final long MAX_BYTES = 256 << 20; // tokenizers of large vocabularies have tens of MB

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES) // a vocabulary has 100,000 names, each seen once
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(64 << 20)
                    .maxNameLength(1 << 20)
                    .build())
            .build();

    private Json() {}

    /**
     * Reads a file that holds one object.
     *
     * @throws InvalidModelException if it is not one
     * @throws UncheckedIOException if it cannot be read
     */
    public static JsonObject readObject(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new InvalidModelException(
                        file, "expected at most " + MAX_BYTES + " bytes of JSON, found " + Files.size(file));
            }
            return parseObject(Files.readAllBytes(file), String.valueOf(file.getFileName()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Reads UTF-8 bytes that hold one object.
     *
     * @param file a name for messages
     * @throws InvalidModelException if they do not
     */
    public static JsonObject parseObject(byte[] utf8, String file) {
        Object value = parse(utf8, file);
        if (value instanceof Map<?, ?> map) {
            return new JsonObject(file, "", cast(map));
        }
        throw new InvalidModelException(file, "expected a JSON object, found " + describe(value));
    }

    /**
     * Reads UTF-8 bytes that hold one JSON value.
     *
     * @param file a name for messages
     * @throws InvalidModelException if they do not
     */
    public static Object parse(byte[] utf8, String file) {
        try (JsonParser parser = FACTORY.createParser(utf8)) {
            return whole(parser, file);
        } catch (IOException e) {
            throw notJson(file, e, true);
        }
    }

    /**
     * Reads a text that holds one JSON value.
     *
     * @param file a name for messages
     * @throws InvalidModelException if it does not
     */
    public static Object parse(String text, String file) {
        try (JsonParser parser = FACTORY.createParser(text)) {
            return whole(parser, file);
        } catch (IOException e) {
            throw notJson(file, e, text.lines().limit(2).count() > 1);
        }
    }

    private static Object whole(JsonParser parser, String file) throws IOException {
        JsonToken first = parser.nextToken();
        if (first == null) {
            throw new InvalidModelException(file, "expected JSON, found nothing");
        }
        Object value = value(parser, first);
        if (parser.nextToken() != null) {
            throw new InvalidModelException(file, "text after the JSON value");
        }
        return value;
    }

    /**
     * The error with its place.
     *
     * @param lines whether the place has a line; a text of one line is one of many somewhere else, whose number the
     *     caller knows
     */
    private static InvalidModelException notJson(String file, IOException e, boolean lines) {
        if (!(e instanceof JsonProcessingException json)) {
            return new InvalidModelException(file, "not valid JSON: " + e.getMessage());
        }
        String what =
                json.getOriginalMessage().replaceFirst(" \\(start marker at .*", ""); // names the parser's options
        JsonLocation at = json.getLocation();
        String line = at == null || !lines ? "" : "line " + at.getLineNr() + ", ";
        String where = at == null ? "" : " at " + line + "column " + at.getColumnNr();
        return new InvalidModelException(file, "not valid JSON" + where + ": " + what);
    }

    private static Object value(JsonParser parser, JsonToken token) throws IOException {
        return switch (token) {
            case START_OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    map.put(name, value(parser, parser.nextToken()));
                }
                yield map;
            }
            case START_ARRAY -> {
                List<Object> list = new ArrayList<>();
                for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
                    list.add(value(parser, next));
                }
                yield list;
            }
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> {
                Number number = parser.getNumberValue();
                yield number instanceof BigInteger ? number : (Object) number.longValue();
            }
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> throw new IllegalStateException("unexpected token " + token);
        };
    }

    /** Writes a value of the kinds that {@link #parse(String, String)} gives (any {@link Number}, arrays of int too) on one line. */
    public static String write(Object value) {
        return write(value, false);
    }

    /** Writes a value over several lines, indented by two blanks. */
    public static String writeIndented(Object value) {
        return write(value, true);
    }

    private static String write(Object value, boolean indented) {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(text)) {
            if (indented) {
                generator.useDefaultPrettyPrinter();
            }
            write(value, generator);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private static void write(Object value, JsonGenerator generator) throws IOException {
        switch (value) {
            case null -> generator.writeNull();
            case String text -> generator.writeString(text);
            case Boolean b -> generator.writeBoolean(b);
            case Integer i -> generator.writeNumber(i);
            case Long l -> generator.writeNumber(l);
            case Float f -> write(f.doubleValue(), f.toString(), generator);
            case Double d -> write(d, d.toString(), generator);
            case BigInteger i -> generator.writeNumber(i);
            case int[] ids -> generator.writeArray(ids, 0, ids.length);
            case JsonObject object -> write(object.asMap(), generator);
            case Map<?, ?> map -> {
                generator.writeStartObject();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    generator.writeFieldName((String) entry.getKey());
                    write(entry.getValue(), generator);
                }
                generator.writeEndObject();
            }
            case Collection<?> list -> {
                generator.writeStartArray();
                for (Object item : list) {
                    write(item, generator);
                }
                generator.writeEndArray();
            }
            default -> throw new IllegalArgumentException("write: no JSON form for " + value.getClass());
        }
    }

    /** JSON has no NaN and no infinity: they are written as null. */
    private static void write(double value, String digits, JsonGenerator generator) throws IOException {
        if (Double.isFinite(value)) {
            generator.writeNumber(digits);
        } else {
            generator.writeNull();
        }
    }

    @SuppressWarnings("unchecked") // maps made by this class have String keys
    static Map<String, Object> cast(Map<?, ?> map) {
        return (Map<String, Object>) map;
    }

    /** A value's kind and text, short enough for an error message. */
    static String describe(Object value) {
        String text = value instanceof Double ? value.toString() : write(value);
        String kind = switch (value) {
            case null -> "null";
            case Map<?, ?> _ -> "an object";
            case List<?> _ -> "a list";
            case String _ -> "the text " + text;
            default -> text;
        };
        return kind.length() <= 80 ? kind : kind.substring(0, 79) + "…";
    }
}
