package dev.mimic.loader.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.mimic.loader.InvalidModelException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of a safetensors file, checked against the file's size: 8 bytes of length, then that many bytes of JSON,
 * then the tensors' bytes without holes. The rules are those of the Rust reader (huggingface safetensors,
 * {@code tensor.rs}); names that stand twice are refused too. Nothing is allocated for what a header merely claims.
 *
 * @param dataStart offset of the first tensor's first byte from the start of the file
 * @param metadata the texts of {@code __metadata__}; empty if there are none
 * @param entries the tensors in the order in which their bytes lie
 */
record SafetensorsHeader(long dataStart, Map<String, String> metadata, List<Entry> entries) {
    /** The Rust reader's limit, bytes. */
    static final long MAX_LENGTH = 100_000_000;

    /** The key that is no tensor. */
    static final String METADATA = "__metadata__";

    /** numpy and torch hold no more. */
    private static final int MAX_DIMENSIONS = 64;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES) // names are used once: no symbol table
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(64)
                    .maxStringLength((int) MAX_LENGTH)
                    .maxNameLength(1 << 20)
                    .build())
            .build();

    /**
     * One tensor.
     *
     * @param begin first byte, counted from the end of the header
     * @param end byte after the last
     */
    record Entry(String name, DType dtype, List<Long> shape, long begin, long end) {}

    /**
     * Reads and checks a header.
     *
     * @param in the file's bytes from its start; at most the header is read, nothing is closed
     * @param fileSize the file's size in bytes
     * @param file the file's name for messages
     * @throws InvalidModelException if the header does not fit the file or the format
     */
    static SafetensorsHeader read(InputStream in, long fileSize, String file) throws IOException {
        if (fileSize < 8) {
            throw new InvalidModelException(
                    file, "header length: expected at least 8 bytes in the file, found " + fileSize);
        }
        byte[] prefix = in.readNBytes(8);
        if (prefix.length < 8) {
            throw new InvalidModelException(
                    file, "header length: the file ends early, expected 8 bytes, found " + prefix.length);
        }
        long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (Long.compareUnsigned(length, fileSize - 8) > 0) {
            throw new InvalidModelException(
                    file,
                    "header length: expected at most " + (fileSize - 8) + " bytes, what the file holds, found "
                            + Long.toUnsignedString(length));
        }
        if (length > MAX_LENGTH) {
            throw new InvalidModelException(
                    file, "header length: expected at most " + MAX_LENGTH + " bytes, found " + length);
        }
        if (length < 2) {
            throw new InvalidModelException(file, "header length: expected at least 2 bytes, found " + length);
        }
        Bounded header = new Bounded(in, length);
        int first = header.read();
        if (first != '{') {
            throw new InvalidModelException(
                    file, "header: expected '{' as its first byte, found 0x" + String.format("%02x", first & 0xff));
        }
        header.pushBack();
        return new Reader(file, fileSize - 8 - length).read(header, 8 + length);
    }

    /** A name short enough for a message. */
    static String shown(String name) {
        return name.length() <= 120 ? "'" + name + "'" : "'" + name.substring(0, 119) + "…'";
    }

    /** Whether a text has a UTF-8 form: no half of a surrogate pair stands alone. */
    static boolean hasUtf8Form(String text) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    /** One reading: where, and how many bytes of data follow the header. */
    private static final class Reader {
        private final String file;
        private final long dataBytes;
        private final Map<String, String> metadata = new LinkedHashMap<>();
        private final Map<String, Entry> entries = new LinkedHashMap<>();

        Reader(String file, long dataBytes) {
            this.file = file;
            this.dataBytes = dataBytes;
        }

        SafetensorsHeader read(InputStream header, long dataStart) throws IOException {
            InputStreamReader text = new InputStreamReader(header, StandardCharsets.UTF_8.newDecoder());
            try (JsonParser parser = FACTORY.createParser(text)) {
                parser.nextToken(); // the brace that was seen
                readTop(parser);
                if (parser.nextToken() != null) {
                    throw invalid("header: expected nothing after the object, found " + found(parser));
                }
            } catch (CharacterCodingException e) {
                throw invalid("header: bytes that are not UTF-8");
            } catch (JsonProcessingException e) {
                long at = e.getLocation() == null ? -1 : e.getLocation().getCharOffset();
                String what =
                        e.getOriginalMessage().replaceFirst(" \\(start marker at .*", ""); // names the parser's options
                throw invalid("header: not valid JSON at character " + at + ": " + what);
            }
            return new SafetensorsHeader(dataStart, Collections.unmodifiableMap(metadata), gapless());
        }

        private void readTop(JsonParser parser) throws IOException {
            boolean metadataSeen = false;
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                parser.nextToken();
                if (name.equals(METADATA)) {
                    if (metadataSeen) {
                        throw invalid("header: " + METADATA + " stands twice");
                    }
                    metadataSeen = true;
                    readMetadata(parser);
                } else if (entries.put(name, readEntry(parser, name)) != null) {
                    throw invalid("tensor " + shown(name) + ": the name stands twice");
                }
            }
        }

        private void readMetadata(JsonParser parser) throws IOException {
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                throw invalid(METADATA + ": expected an object of texts, found " + found(parser));
            }
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String key = parser.currentName();
                if (parser.nextToken() != JsonToken.VALUE_STRING) {
                    throw invalid(METADATA + ": " + shown(key) + ": expected a text, found " + found(parser));
                }
                String value = parser.getText();
                if (!hasUtf8Form(value)) { // names with such halves are refused by the parser
                    throw invalid(METADATA + ": " + shown(key) + ": half of a surrogate pair");
                }
                if (metadata.put(key, value) != null) {
                    throw invalid(METADATA + ": " + shown(key) + " stands twice");
                }
            }
        }

        private Entry readEntry(JsonParser parser, String name) throws IOException {
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                throw wrong(name, "expected an object, found " + found(parser));
            }
            DType dtype = null;
            List<Long> shape = null;
            List<Long> offsets = null;
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String field = parser.currentName();
                parser.nextToken();
                switch (field) {
                    case "dtype" -> dtype = once(dtype, readDType(parser, name), name, field);
                    case "shape" -> shape = once(shape, readCounts(parser, name, field), name, field);
                    case "data_offsets" -> offsets = once(offsets, readCounts(parser, name, field), name, field);
                    default -> parser.skipChildren(); // as the Rust reader does
                }
            }
            if (dtype == null || shape == null || offsets == null) {
                String missing = dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets";
                throw wrong(name, missing + ": missing");
            }
            return checked(name, dtype, shape, offsets);
        }

        private Entry checked(String name, DType dtype, List<Long> shape, List<Long> offsets) {
            if (offsets.size() != 2) {
                throw wrong(name, "data_offsets: expected [begin, end], found " + offsets.size() + " numbers");
            }
            long begin = offsets.getFirst();
            long end = offsets.getLast();
            if (end < begin) {
                throw wrong(name, "data_offsets: expected begin <= end, found " + offsets);
            }
            if (end > dataBytes) {
                throw wrong(
                        name,
                        "data_offsets: expected an end within the " + dataBytes
                                + " bytes of data that the file holds, found " + offsets);
            }
            long bytes;
            try {
                bytes = TensorView.byteSize(dtype, shape);
            } catch (ArithmeticException e) {
                throw wrong(name, "shape " + shape + " of " + dtype + " overflows 64 bits");
            }
            if (bytes != end - begin) {
                throw wrong(
                        name,
                        "shape " + shape + " of " + dtype + " needs " + bytes + " bytes, offsets declare "
                                + (end - begin));
            }
            return new Entry(name, dtype, shape, begin, end);
        }

        private DType readDType(JsonParser parser, String name) throws IOException {
            String text = parser.currentToken() == JsonToken.VALUE_STRING ? parser.getText() : null;
            if (text == null) {
                throw wrong(name, "dtype: expected a text, found " + found(parser));
            }
            return DType.of(text)
                    .orElseThrow(() -> wrong(
                            name,
                            "dtype: expected one of " + Arrays.toString(DType.values()) + ", found " + shown(text)));
        }

        private List<Long> readCounts(JsonParser parser, String name, String field) throws IOException {
            if (parser.currentToken() != JsonToken.START_ARRAY) {
                throw wrong(name, field + ": expected a list of integers, found " + found(parser));
            }
            List<Long> counts = new ArrayList<>(4);
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
                    throw wrong(name, field + ": expected integers, found " + found(parser));
                }
                Number number = parser.getNumberValue();
                if (number instanceof BigInteger || number.longValue() < 0) {
                    throw wrong(
                            name,
                            field + ": expected integers from 0 to " + Long.MAX_VALUE + ", found " + found(parser));
                }
                if (counts.size() == MAX_DIMENSIONS) {
                    throw wrong(name, field + ": expected at most " + MAX_DIMENSIONS + " numbers, found more");
                }
                counts.add(number.longValue());
            }
            return List.copyOf(counts);
        }

        /** The tensors in the order of their bytes, after the check that each begins where the one before it ends. */
        private List<Entry> gapless() {
            List<Entry> sorted = new ArrayList<>(entries.values());
            sorted.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
            long next = 0;
            for (Entry entry : sorted) {
                if (entry.begin() > next) {
                    throw wrong(
                            entry.name(),
                            "data_offsets: expected to begin at " + next + ", found " + entry.begin() + ": a hole of "
                                    + (entry.begin() - next) + " bytes");
                }
                if (entry.begin() < next) {
                    throw wrong(
                            entry.name(),
                            "data_offsets: expected to begin at " + next + ", found " + entry.begin()
                                    + ": an overlap of " + (next - entry.begin()) + " bytes");
                }
                next = entry.end();
            }
            if (next != dataBytes) {
                throw invalid("expected " + next + " bytes of data, as the header declares, found " + dataBytes
                        + ": trailing bytes");
            }
            return Collections.unmodifiableList(sorted);
        }

        private <T> T once(T before, T now, String name, String field) {
            if (before != null) {
                throw wrong(name, field + " stands twice");
            }
            return now;
        }

        private InvalidModelException wrong(String name, String problem) {
            return invalid("tensor " + shown(name) + ": " + problem);
        }

        private InvalidModelException invalid(String problem) {
            return new InvalidModelException(file, problem);
        }

        private static String found(JsonParser parser) throws IOException {
            return switch (parser.currentToken()) {
                case START_OBJECT, END_OBJECT, FIELD_NAME -> "an object";
                case START_ARRAY, END_ARRAY -> "a list";
                case VALUE_STRING -> "the text " + shown(parser.getText());
                default ->
                    parser.getText().length() <= 40
                            ? parser.getText()
                            : parser.getText().substring(0, 39) + "…";
            };
        }
    }

    /** The first bytes of a stream that is not closed with this. */
    private static final class Bounded extends InputStream {
        private final InputStream in;
        private long left;
        private boolean braceAgain;

        Bounded(InputStream in, long left) {
            this.in = in;
            this.left = left;
        }

        void pushBack() {
            braceAgain = true;
            left++;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (left == 0) {
                return -1;
            }
            if (braceAgain) {
                braceAgain = false;
                left--;
                to[offset] = '{';
                return 1;
            }
            int count = in.read(to, offset, (int) Math.min(length, left));
            left -= Math.max(count, 0);
            return count;
        }
    }
}
