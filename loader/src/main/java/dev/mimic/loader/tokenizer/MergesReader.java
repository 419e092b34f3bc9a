package dev.mimic.loader.tokenizer;

import dev.mimic.loader.InvalidModelException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads model.vocab and model.merges of a tokenizer.json where the scanner stands. */
final class MergesReader {
    private final JsonScanner scanner;
    private final String file;

    /** The merge being read: its left part is {@code [from, middle)} of source, its right one {@code [right, to)}. */
    private byte[] source;

    private int from;
    private int middle;
    private int right;
    private int to;

    MergesReader(JsonScanner scanner, String file) {
        this.scanner = scanner;
        this.file = file;
    }

    /**
     * Reads {@code {"text": id, …}}.
     *
     * @param bytes length of the object in the file
     */
    Vocabulary vocabulary(int bytes) {
        if (!scanner.take('{')) {
            throw new InvalidModelException(file, "model.vocab: expected an object, found " + scanner.found());
        }
        // an entry takes about 20 bytes, at least 5
        Vocabulary vocabulary = new Vocabulary(bytes / 16);
        int limit = Vocabulary.MAX_HOLES + bytes / 5;
        if (scanner.take('}')) {
            return vocabulary;
        }
        do {
            scanner.string();
            scanner.expect(':');
            int id = scanner.id();
            if (id < 0 || id > limit) {
                String found = id < 0 ? scanner.found() : String.valueOf(id);
                throw invalidToken("expected an id from 0 to about the number of tokens, found " + found);
            }
            if (!vocabulary.add(scanner.source, scanner.from, scanner.to, id)) {
                throw invalidToken(
                        vocabulary.tokenAt(id)
                                ? "id " + id + ": expected an id of its own, found that of '" + vocabulary.text(id)
                                        + "'"
                                : "expected it once, found it twice");
            }
        } while (scanner.take(','));
        scanner.expect('}');
        vocabulary.trim();
        return vocabulary;
    }

    private InvalidModelException invalidToken(String problem) {
        return new InvalidModelException(file, "model.vocab: token '" + scanner.text() + "': " + problem);
    }

    /**
     * Reads {@code ["a b", …]} or {@code [["a", "b"], …]}.
     *
     * @param prefixLength bytes of the right part's text that a merge leaves out (continuing_subword_prefix)
     * @param bytes length of the list in the file
     */
    MergeTable merges(Vocabulary vocabulary, int prefixLength, int bytes) {
        if (!scanner.take('[')) {
            throw new InvalidModelException(file, "model.merges: expected a list, found " + scanner.found());
        }
        // a merge takes about 15 bytes
        MergeTable merges = new MergeTable(bytes / 15);
        if (scanner.take(']')) {
            return merges;
        }
        int index = 0;
        int rank = 0;
        int merged = 0;
        do {
            boolean merge = true;
            if (scanner.peek() == '[') {
                readPair(index);
            } else {
                merge = readLine(index);
            }
            if (merge) {
                int leftHash = vocabulary.hash(0, source, from, middle);
                int leftId = find(vocabulary, leftHash, from, middle, to, to, index);
                int rightId = find(vocabulary, vocabulary.hash(0, source, right, to), right, to, to, to, index);
                if (to - right < prefixLength) {
                    throw invalid(index, "the right part is shorter than continuing_subword_prefix");
                }
                merged = merged(vocabulary, merged, leftHash, right + prefixLength, index);
                merges.put(leftId, rightId, rank++, merged);
            }
            index++;
        } while (scanner.take(','));
        scanner.expect(']');
        return merges;
    }

    /** Ids mostly grow along the merges: the last one and its successor are looked at before the table. */
    private int merged(Vocabulary vocabulary, int last, int leftHash, int rightFrom, int index) {
        for (int guess = last; guess <= last + 1; guess++) {
            if (vocabulary.tokenAt(guess) && vocabulary.matches(guess, source, from, middle, rightFrom, to)) {
                return guess;
            }
        }
        int hash = vocabulary.hash(leftHash, source, rightFrom, to);
        return find(vocabulary, hash, from, middle, rightFrom, to, index);
    }

    private int find(Vocabulary vocabulary, int hash, int start, int end, int start2, int end2, int index) {
        int id = vocabulary.find(hash, source, start, end, start2, end2);
        if (id < 0) {
            String text = new String(source, start, end - start, StandardCharsets.UTF_8)
                    + new String(source, start2, end2 - start2, StandardCharsets.UTF_8);
            throw invalid(index, "expected tokens of the vocabulary, found '" + text + "'");
        }
        return id;
    }

    /** Reads {@code ["a", "b"]}. */
    private void readPair(int index) {
        scanner.expect('[');
        readText(index);
        source = scanner.source;
        from = scanner.from;
        middle = scanner.to;
        if (!scanner.take(',')) {
            throw invalid(index, "expected two texts, found " + scanner.found());
        }
        boolean buffered = scanner.textIsBuffered();
        // the buffer holds one text only
        byte[] left = buffered ? Arrays.copyOfRange(source, from, middle) : source;
        readText(index);
        right = scanner.from;
        to = scanner.to;
        if (buffered || scanner.textIsBuffered()) {
            join(buffered ? left : Arrays.copyOfRange(left, from, middle));
        }
        if (!scanner.take(']')) {
            throw invalid(index, "expected two texts, found " + scanner.found());
        }
    }

    private void join(byte[] left) {
        byte[] joined = Arrays.copyOf(left, left.length + to - right);
        System.arraycopy(scanner.source, right, joined, left.length, to - right);
        source = joined;
        from = 0;
        middle = left.length;
        right = middle;
        to = joined.length;
    }

    private void readText(int index) {
        if (scanner.peek() != '"') {
            throw invalid(index, "expected a text, found " + scanner.found());
        }
        // not checked for UTF-8: it must equal a token that was
        scanner.uncheckedString();
    }

    /**
     * Reads {@code "a b"}.
     *
     * @return false for the line that names the version
     */
    private boolean readLine(int index) {
        readText(index);
        source = scanner.source;
        from = scanner.from;
        to = scanner.to;
        middle = from;
        while (middle < to && source[middle] != ' ') {
            middle++;
        }
        right = middle + 1;
        if (from < to && source[from] == '#' && scanner.text().startsWith("#version")) {
            return false;
        }
        int other = right;
        while (other < to && source[other] != ' ') {
            other++;
        }
        if (middle == to || other < to) {
            throw invalid(index, "expected two parts and one blank, found '" + scanner.text() + "'");
        }
        return true;
    }

    private InvalidModelException invalid(int index, String problem) {
        return new InvalidModelException(file, "model.merges[" + index + "]: " + problem);
    }
}
