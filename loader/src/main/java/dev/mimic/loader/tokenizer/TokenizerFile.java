package dev.mimic.loader.tokenizer;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The contents of a tokenizer.json: vocabulary and merges in their tables, the rest as a JSON object.
 *
 * @param rest the file without model.vocab and model.merges (null there)
 */
record TokenizerFile(JsonObject rest, Vocabulary vocabulary, MergeTable merges) {
    /** No tokenizer is known that comes near. */
    private static final long MAX_BYTES = 512L << 20;

    private static final int VOCAB = 0;
    private static final int MERGES = 1;
    private static final String[] FIELDS = {"vocab", "merges"};

    /**
     * Reads the file.
     *
     * @throws InvalidModelException if it is not valid
     * @throws UncheckedIOException if it cannot be read
     */
    static TokenizerFile read(Path file) {
        String name = String.valueOf(file.getFileName());
        try {
            if (!Files.isRegularFile(file)) {
                throw new InvalidModelException(name, "no such file in " + file.getParent());
            }
            long size = Files.size(file);
            if (size > MAX_BYTES) {
                throw new InvalidModelException(name, "expected at most " + MAX_BYTES + " bytes, found " + size);
            }
            return parse(Files.readAllBytes(file), name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads the bytes of a file. */
    static TokenizerFile parse(byte[] bytes, String name) {
        JsonScanner scanner = new JsonScanner(bytes, name);
        int[][] spans = spans(scanner);
        JsonObject rest = Json.parseObject(without(bytes, spans), name);
        JsonObject model = rest.object("model").orElseThrow(() -> rest.missing("model"));
        checkModel(model);
        for (int field = VOCAB; field <= MERGES; field++) {
            if (spans[field] == null) {
                throw model.missing(FIELDS[field]);
            }
        }
        MergesReader reader = new MergesReader(scanner, name);
        scanner.moveTo(spans[VOCAB][0]);
        Vocabulary vocabulary = reader.vocabulary(spans[VOCAB][1] - spans[VOCAB][0]);
        scanner.moveTo(spans[MERGES][0]);
        String prefix = model.text("continuing_subword_prefix").orElse("");
        int prefixLength = prefix.getBytes(StandardCharsets.UTF_8).length;
        return new TokenizerFile(
                rest, vocabulary, reader.merges(vocabulary, prefixLength, spans[MERGES][1] - spans[MERGES][0]));
    }

    private static void checkModel(JsonObject model) {
        String type = model.text("type").orElse("BPE");
        if (!type.equals("BPE")) {
            throw model.invalid("type", "expected BPE, found '" + type + "' (this kind of tokenizer is not supported)");
        }
        if (model.number("dropout").orElse(0.0) != 0) {
            throw model.invalid("dropout", "expected null, found " + model.get("dropout"));
        }
    }

    /** Where the values of model.vocab and model.merges begin and end; null for one that is not there. */
    private static int[][] spans(JsonScanner scanner) {
        int[][] spans = new int[2][];
        if (!scanner.take('{') || scanner.take('}')) {
            return spans;
        }
        do {
            scanner.string();
            boolean model = textIs(scanner, "model");
            scanner.expect(':');
            if (model && scanner.peek() == '{') {
                spansOfModel(scanner, spans);
            } else {
                scanner.skipValue();
            }
        } while (scanner.take(','));
        return spans;
    }

    private static void spansOfModel(JsonScanner scanner, int[][] spans) {
        scanner.expect('{');
        if (scanner.take('}')) {
            return;
        }
        do {
            scanner.string();
            int field = textIs(scanner, FIELDS[VOCAB]) ? VOCAB : textIs(scanner, FIELDS[MERGES]) ? MERGES : -1;
            scanner.expect(':');
            scanner.peek();
            int start = scanner.position();
            scanner.skipValue();
            if (field >= 0) {
                if (spans[field] != null) {
                    throw scanner.notJson("one " + FIELDS[field] + " only");
                }
                spans[field] = new int[] {start, scanner.position()};
            }
        } while (scanner.take(','));
        scanner.expect('}');
    }

    private static boolean textIs(JsonScanner scanner, String name) {
        byte[] ascii = name.getBytes(StandardCharsets.US_ASCII);
        return Arrays.equals(scanner.source, scanner.from, scanner.to, ascii, 0, ascii.length);
    }

    /** The file with null in place of the spans. */
    private static byte[] without(byte[] bytes, int[][] spans) {
        int[][] found = Arrays.stream(spans)
                .filter(span -> span != null)
                .sorted((a, b) -> Integer.compare(a[0], b[0]))
                .toArray(int[][]::new);
        byte[] rest = new byte
                [bytes.length
                        - Arrays.stream(found)
                                .mapToInt(span -> span[1] - span[0] - 4)
                                .sum()];
        byte[] nothing = "null".getBytes(StandardCharsets.US_ASCII);
        int from = 0;
        int to = 0;
        for (int[] span : found) {
            System.arraycopy(bytes, from, rest, to, span[0] - from);
            to += span[0] - from;
            System.arraycopy(nothing, 0, rest, to, nothing.length);
            to += nothing.length;
            from = span[1];
        }
        System.arraycopy(bytes, from, rest, to, bytes.length - from);
        return rest;
    }
}
