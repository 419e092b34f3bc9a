package dev.mimic.loader.gguf;

import dev.mimic.loader.InvalidModelException;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Everything before a GGUF file's data, checked: magic, version, metadata, tensor infos, and that every tensor lies
 * inside the file and shares no byte with another.
 */
final class GgufHeader {
    private static final int MAGIC = 0x46554747; // "GGUF"
    private static final int MAX_NAME = 65535;
    private static final int MAX_DIMENSIONS = 4;
    private static final int MAX_ARRAY_DEPTH = 4;
    private static final String ALIGNMENT = "general.alignment";
    private static final int SMALLEST_PAIR = 8 + 1 + 4 + 1; // a key of one byte, a type, a value of one byte
    private static final int SMALLEST_INFO = 8 + 1 + 4 + 8 + 4 + 8; // a name of one byte, one dimension

    private final Path file;
    private final MemorySegment bytes;
    private final GgufCursor cursor;

    private GgufHeader(Path file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
        cursor = new GgufCursor(file, bytes);
    }

    /** What a header says. */
    record Contents(int version, int alignment, GgufMetadata metadata, Map<String, GgufTensor> tensors) {}

    /** A tensor's description before it is known where data begin. */
    private record Description(String name, GgufType type, List<Long> shape, long offset, long byteSize) {}

    /**
     * Reads and checks a whole file's header.
     *
     * @throws InvalidModelException naming the field, if anything is not as it must be
     */
    static Contents read(Path file, MemorySegment bytes) {
        return new GgufHeader(file, bytes).read();
    }

    private Contents read() {
        int magic = cursor.int32("magic");
        if (magic != MAGIC) {
            throw cursor.invalid("magic: expected GGUF, found 0x" + Integer.toHexString(Integer.reverseBytes(magic)));
        }
        int version = cursor.int32("version");
        if (version != 2 && version != 3) {
            String found = Integer.reverseBytes(version) <= 3 && version > 0xFFFF
                    ? "a big-endian file"
                    : Integer.toUnsignedString(version);
            throw cursor.invalid("version: expected 2 or 3, little-endian, found " + found);
        }
        int tensors = cursor.count("tensor count", "tensors", SMALLEST_INFO);
        int pairs = cursor.count("metadata count", "key-value pairs", SMALLEST_PAIR);
        GgufMetadata metadata = new GgufMetadata(file, pairs(pairs));
        int alignment = alignment(metadata);
        List<Description> infos = infos(tensors, alignment);
        return new Contents(version, alignment, metadata, place(infos, alignment));
    }

    private Map<String, Object> pairs(int count) {
        Map<String, Object> pairs = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            String key = name("metadata key " + i);
            Object value = value(key, cursor.int32(key), 0);
            if (pairs.put(key, value) != null) {
                throw cursor.invalid("metadata key '" + key + "' stands twice");
            }
        }
        return pairs;
    }

    private String name(String field) {
        String name = cursor.text(field);
        if (name.isEmpty() || name.length() > MAX_NAME) {
            throw cursor.invalid(field + ": expected 1 to " + MAX_NAME + " characters, found " + name.length());
        }
        return name;
    }

    private Object value(String key, int type, int depth) {
        return switch (type) {
            case 0 -> (long) (cursor.int8(key) & 0xFF);
            case 1 -> (long) cursor.int8(key);
            case 2 -> (long) (cursor.int16(key) & 0xFFFF);
            case 3 -> (long) cursor.int16(key);
            case 4 -> cursor.int32(key) & 0xFFFFFFFFL;
            case 5 -> (long) cursor.int32(key);
            case 6 -> Float.intBitsToFloat(cursor.int32(key));
            case 7 -> bool(key);
            case 8 -> cursor.text(key);
            case 9 -> list(key, depth);
            case 10 -> unsigned(cursor.int64(key));
            case 11 -> cursor.int64(key);
            case 12 -> Double.longBitsToDouble(cursor.int64(key));
            default ->
                throw cursor.invalid(key + ": value type: expected 0 to 12, found " + Integer.toUnsignedString(type));
        };
    }

    private boolean bool(String key) {
        byte value = cursor.int8(key);
        if (value != 0 && value != 1) {
            throw cursor.invalid(key + ": expected a truth value 0 or 1, found " + (value & 0xFF));
        }
        return value == 1;
    }

    private static Object unsigned(long value) {
        return value >= 0 ? (Object) value : new BigInteger(Long.toUnsignedString(value));
    }

    private List<Object> list(String key, int depth) {
        if (depth == MAX_ARRAY_DEPTH) {
            throw cursor.invalid(key + ": arrays are nested deeper than " + MAX_ARRAY_DEPTH);
        }
        int type = cursor.int32(key);
        int smallest = switch (type) {
            case 0, 1, 7 -> 1;
            case 2, 3 -> 2;
            case 4, 5, 6 -> 4;
            case 9 -> 12;
            default -> 8; // texts have a length; an unknown type is named when its first item is read
        };
        int count = cursor.count(key, "items", smallest);
        List<Object> list = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            list.add(value(key, type, depth + 1));
        }
        return list;
    }

    private int alignment(GgufMetadata metadata) {
        int alignment = metadata.integer(ALIGNMENT).orElse(32);
        if (alignment < 8 || Integer.bitCount(alignment) != 1) {
            throw cursor.invalid(ALIGNMENT + ": expected a power of two from 8 on, found " + alignment);
        }
        return alignment;
    }

    private List<Description> infos(int count, int alignment) {
        List<Description> infos = new ArrayList<>(count);
        Set<String> names = new HashSet<>();
        for (int i = 0; i < count; i++) {
            Description info = info(name("name of tensor " + i), alignment);
            if (!names.add(info.name())) {
                throw cursor.invalid("tensor '" + info.name() + "' stands twice");
            }
            infos.add(info);
        }
        return infos;
    }

    private Description info(String name, int alignment) {
        String field = "tensor '" + name + "'";
        int dimensions = cursor.int32(field);
        if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
            throw cursor.invalid(field + ": expected 1 to " + MAX_DIMENSIONS + " dimensions, found "
                    + Integer.toUnsignedString(dimensions));
        }
        List<Long> shape = new ArrayList<>();
        for (int i = 0; i < dimensions; i++) {
            shape.addFirst(cursor.int64(field));
        }
        long number = cursor.int32(field) & 0xFFFFFFFFL;
        GgufType type = GgufType.of(number)
                .orElseThrow(() -> cursor.invalid(field + ": " + GgufType.describe(number) + " is not supported"));
        long offset = cursor.int64(field);
        if (offset < 0 || offset % alignment != 0) {
            throw cursor.invalid(field + ": offset: expected a multiple of " + alignment + ", found "
                    + Long.toUnsignedString(offset));
        }
        return new Description(name, type, List.copyOf(shape), offset, byteSize(field, type, shape));
    }

    private long byteSize(String field, GgufType type, List<Long> shape) {
        long row = shape.getLast();
        if (row % type.blockSize() != 0) {
            throw cursor.invalid(field + ": expected rows of a multiple of " + type.blockSize() + " elements for "
                    + type + ", found " + row);
        }
        try {
            long elements = 1;
            for (long dimension : shape) {
                if (dimension < 1) {
                    throw cursor.invalid(field + ": expected dimensions from 1 on, found " + shape);
                }
                elements = Math.multiplyExact(elements, dimension);
            }
            return Math.multiplyExact(elements / type.blockSize(), type.blockBytes());
        } catch (ArithmeticException e) {
            throw cursor.invalid(field + ": the dimensions " + shape + " overflow 63 bits");
        }
    }

    /** Slices the data; a tensor may begin where the one before it ends, padding between them is free. */
    private Map<String, GgufTensor> place(List<Description> infos, int alignment) {
        long start = Math.ceilDiv(cursor.position(), alignment) * (long) alignment;
        long length = Math.max(0, bytes.byteSize() - start);
        Optional<Description> before = Optional.empty();
        for (Description info : infos.stream()
                .sorted(Comparator.comparingLong(Description::offset))
                .toList()) {
            String field = "tensor '" + info.name() + "'";
            if (info.offset() > length || info.byteSize() > length - info.offset()) {
                throw cursor.invalid(field + ": truncated: expected " + info.byteSize() + " bytes of " + info.type()
                        + " at data offset " + info.offset() + ", found data of " + length + " bytes");
            }
            if (before.isPresent() && before.get().offset() + before.get().byteSize() > info.offset()) {
                throw cursor.invalid(field + ": offset " + info.offset() + " lies inside tensor '"
                        + before.get().name() + "', which ends at "
                        + (before.get().offset() + before.get().byteSize()));
            }
            before = Optional.of(info);
        }
        Map<String, GgufTensor> tensors = new LinkedHashMap<>();
        for (Description info : infos) {
            MemorySegment data = bytes.asSlice(start + info.offset(), info.byteSize());
            tensors.put(info.name(), new GgufTensor(info.name(), info.type(), info.shape(), data));
        }
        return tensors;
    }
}
