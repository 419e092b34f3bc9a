package dev.mimic.loader.gguf;

import dev.mimic.testkit.ByteMutations;
import dev.mimic.testkit.Mutator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** Where the fields of a GGUF file lie, as far as it can be followed: what an edit that knows the format aims at. */
final class GgufFields {
    /** Offsets of counts, lengths, dimensions and data offsets. */
    final List<Integer> numbers = new ArrayList<>(List.of(8, 16));

    /** Offsets of type numbers and of numbers of dimensions. */
    final List<Integer> types = new ArrayList<>(List.of(4));

    /** Offsets of values that are single numbers. */
    final List<Integer> values = new ArrayList<>();

    /** Start and end of each pair and of each tensor's description. */
    final List<int[]> entries = new ArrayList<>();

    private final ByteBuffer bytes;
    private int at = 24;

    private GgufFields(byte[] file) {
        bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    }

    static GgufFields of(byte[] file) {
        GgufFields fields = new GgufFields(file);
        try {
            fields.walk();
        } catch (IndexOutOfBoundsException e) {
            return fields; // an edit has broken the file here; what was found before is enough
        }
        return fields;
    }

    /** One edit of a field, or of a whole entry. */
    static Mutator mutator() {
        return (input, random) -> {
            GgufFields fields = of(input);
            return switch (random.nextInt(8)) {
                case 0, 1, 2 -> at(fields.numbers, input, random, true);
                case 3, 4 -> at(fields.types, input, random, false);
                case 5, 6 -> at(fields.values, input, random, random.nextBoolean());
                default -> entry(fields.entries, input, random);
            };
        };
    }

    private static byte[] at(List<Integer> offsets, byte[] input, RandomGenerator random, boolean wild) {
        int offset = offsets.isEmpty() ? 0 : offsets.get(random.nextInt(offsets.size()));
        if (wild && offset < input.length) {
            return ByteMutations.wildInteger(input, offset, random);
        }
        byte[] copy = input.clone();
        if (offset < copy.length) {
            copy[offset] = (byte) random.nextInt(40);
        }
        return copy;
    }

    /** Drops, doubles or moves an entry; the count stays, so that the next entry is read in its place. */
    private static byte[] entry(List<int[]> entries, byte[] input, RandomGenerator random) {
        if (entries.isEmpty()) {
            return input;
        }
        int[] one = entries.get(random.nextInt(entries.size()));
        int[] other = entries.get(random.nextInt(entries.size()));
        byte[] copy = Arrays.copyOfRange(input, one[0], one[1]);
        return switch (random.nextInt(3)) {
            case 0 -> ByteMutations.delete(input, one[0], one[1] - one[0]);
            case 1 -> ByteMutations.insert(input, other[0], copy);
            default ->
                ByteMutations.insert(
                        ByteMutations.delete(input, other[0], other[1] - other[0]),
                        Math.min(other[0], input.length - (other[1] - other[0])),
                        copy);
        };
    }

    private void walk() {
        long tensors = bytes.getLong(8);
        long pairs = bytes.getLong(16);
        for (long i = 0; i < pairs; i++) {
            int start = at;
            text();
            types.add(at);
            at += 4;
            value(bytes.getInt(at - 4));
            entries.add(new int[] {start, at});
        }
        for (long i = 0; i < tensors; i++) {
            int start = at;
            text();
            types.add(at);
            int dimensions = bytes.getInt(at);
            at += 4;
            for (int d = 0; d < dimensions; d++) {
                number();
            }
            types.add(at);
            at += 4;
            number();
            entries.add(new int[] {start, at});
        }
    }

    private void value(int type) {
        switch (type) {
            case 0, 1, 7 -> number(1);
            case 2, 3 -> number(2);
            case 4, 5, 6 -> number(4);
            case 10, 11, 12 -> number(8);
            case 8 -> text();
            case 9 -> {
                types.add(at);
                int item = bytes.getInt(at);
                at += 4;
                long count = bytes.getLong(at);
                number();
                for (long i = 0; i < count; i++) {
                    value(item);
                }
            }
            default -> throw new IndexOutOfBoundsException(type);
        }
    }

    private void number(int length) {
        bytes.get(at + length - 1);
        values.add(at);
        at += length;
    }

    private void number() {
        bytes.getLong(at);
        numbers.add(at);
        at += 8;
    }

    private void text() {
        long length = bytes.getLong(at);
        numbers.add(at);
        if (length < 0 || length > bytes.limit() - at - 8) {
            throw new IndexOutOfBoundsException();
        }
        at += 8 + (int) length;
    }
}
