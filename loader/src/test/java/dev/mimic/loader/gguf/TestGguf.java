package dev.mimic.loader.gguf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes GGUF files for tests, sound ones and, where a test wants them, broken ones. */
final class TestGguf {
    static final int UINT32 = 4;
    static final int FLOAT32 = 6;
    static final int BOOL = 7;
    static final int STRING = 8;
    static final int ARRAY = 9;

    /** Key-value pairs: encoded values, type number first. */
    final Map<String, byte[]> pairs = new LinkedHashMap<>();

    final List<Tensor> tensors = new ArrayList<>();
    int version = 3;
    int alignment = 32;

    /** A tensor with its dimensions in the file's order: innermost first. Its offset is counted unless it is given. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Tensor(String name, int type, long[] dimensions, byte[] data, long offset) {}

    TestGguf put(String key, int value) {
        return raw(key, UINT32, int32(value));
    }

    TestGguf put(String key, float value) {
        return raw(key, FLOAT32, int32(Float.floatToRawIntBits(value)));
    }

    TestGguf put(String key, boolean value) {
        return raw(key, BOOL, new byte[] {(byte) (value ? 1 : 0)});
    }

    TestGguf put(String key, String value) {
        return raw(key, STRING, text(value));
    }

    TestGguf texts(String key, List<String> values) {
        return raw(
                key,
                ARRAY,
                join(
                        int32(STRING),
                        int64(values.size()),
                        join(values.stream().map(TestGguf::text).toArray(byte[][]::new))));
    }

    TestGguf floats(String key, float... values) {
        return raw(key, ARRAY, join(int32(FLOAT32), int64(values.length), floatBytes(values)));
    }

    TestGguf ints(String key, int... values) {
        byte[][] items = new byte[values.length][];
        for (int i = 0; i < values.length; i++) {
            items[i] = int32(values[i]);
        }
        return raw(key, ARRAY, join(int32(5), int64(values.length), join(items)));
    }

    TestGguf raw(String key, int type, byte[] value) {
        pairs.put(key, join(int32(type), value));
        return this;
    }

    TestGguf without(String key) {
        pairs.remove(key);
        return this;
    }

    /** Adds a tensor; shape outermost first. */
    TestGguf tensor(String name, GgufType type, byte[] data, long... shape) {
        return tensorAt(name, type.number(), data, -1, shape);
    }

    TestGguf tensorAt(String name, int type, byte[] data, long offset, long... shape) {
        long[] dimensions = new long[shape.length];
        for (int i = 0; i < shape.length; i++) {
            dimensions[i] = shape[shape.length - 1 - i];
        }
        tensors.add(new Tensor(name, type, dimensions, data, offset));
        return this;
    }

    TestGguf withoutTensor(String name) {
        tensors.removeIf(tensor -> tensor.name().equals(name));
        return this;
    }

    byte[] bytes() {
        List<byte[]> parts = new ArrayList<>();
        parts.add("GGUF".getBytes(StandardCharsets.US_ASCII));
        parts.add(int32(version));
        parts.add(int64(tensors.size()));
        parts.add(int64(pairs.size()));
        pairs.forEach((key, value) -> {
            parts.add(text(key));
            parts.add(value);
        });
        long next = 0;
        List<byte[]> data = new ArrayList<>();
        for (Tensor tensor : tensors) {
            parts.add(text(tensor.name()));
            parts.add(int32(tensor.dimensions().length));
            for (long dimension : tensor.dimensions()) {
                parts.add(int64(dimension));
            }
            parts.add(int32(tensor.type()));
            parts.add(int64(tensor.offset() == -1 ? next : tensor.offset()));
            data.add(tensor.data());
            data.add(new byte[padding(tensor.data().length)]);
            next += tensor.data().length + padding(tensor.data().length);
        }
        byte[] header = join(parts.toArray(byte[][]::new));
        return join(header, new byte[padding(header.length)], join(data.toArray(byte[][]::new)));
    }

    Path write(Path file) {
        try {
            return Files.write(file, bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private int padding(int length) {
        return (alignment - length % alignment) % alignment;
    }

    static byte[] text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return join(int64(utf8.length), utf8);
    }

    static byte[] int32(int value) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }

    static byte[] int64(long value) {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
    }

    static byte[] floatBytes(float... values) {
        byte[][] items = new byte[values.length][];
        for (int i = 0; i < values.length; i++) {
            items[i] = int32(Float.floatToRawIntBits(values[i]));
        }
        return join(items);
    }

    static byte[] join(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteBuffer all = ByteBuffer.allocate(length);
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }
}
