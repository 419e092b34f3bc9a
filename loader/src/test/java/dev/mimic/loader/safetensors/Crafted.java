package dev.mimic.loader.safetensors;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Bytes of safetensors files made by hand, right or wrong. */
final class Crafted {
    private Crafted() {}

    /** A file with this header and this many zero bytes of data. */
    static byte[] file(String header, int dataBytes) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return file(json.length, json, dataBytes);
    }

    /** A file whose header claims a length. */
    static byte[] file(long claimedLength, byte[] header, int dataBytes) {
        return ByteBuffer.allocate(8 + header.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(claimedLength)
                .put(header)
                .array();
    }

    /** Reads a header from a whole file in memory, named {@code x.safetensors}. */
    static SafetensorsHeader read(byte[] file) {
        try {
            return SafetensorsHeader.read(new ByteArrayInputStream(file), file.length, "x.safetensors");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
