package dev.mimic.loader.safetensors;

import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.json.Json;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes safetensors files: tensors in the order given, header padded with blanks so that the data begin at a multiple
 * of 8 bytes. The file appears whole or not at all ({@link AtomicFile}); data are streamed, never copied whole.
 */
public final class SafetensorsWriter {
    private static final int CHUNK = 1 << 20;

    private SafetensorsWriter() {}

    /**
     * Writes tensors that are in memory.
     *
     * @param metadata texts for {@code __metadata__}; none is written if empty
     * @throws IllegalArgumentException if two tensors have one name, or a name or text has no UTF-8 form
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public static void write(Path file, List<TensorView> tensors, Map<String, String> metadata) {
        writePending(file, tensors.stream().map(PendingTensor::of).toList(), metadata);
    }

    /**
     * Writes tensors that are made one by one; what a tensor's supplier throws is passed on and leaves no file behind.
     *
     * @param metadata texts for {@code __metadata__}; none is written if empty
     * @throws IllegalArgumentException if two tensors have one name, a name or text has no UTF-8 form, or a supplier
     *     gives another number of bytes than its shape needs
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public static void writePending(Path file, List<PendingTensor> tensors, Map<String, String> metadata) {
        byte[] header = header(tensors, metadata);
        AtomicFile.write(file, channel -> {
            ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
            writeAll(channel, buffer, MemorySegment.ofArray(header));
            for (PendingTensor tensor : tensors) {
                MemorySegment data = tensor.data().get();
                if (data.byteSize() != tensor.byteSize()) {
                    throw new IllegalArgumentException("write: tensor '" + tensor.name() + "': shape " + tensor.shape()
                            + " of " + tensor.dtype() + " needs " + tensor.byteSize() + " bytes, got "
                            + data.byteSize());
                }
                writeAll(channel, buffer, data);
            }
        });
    }

    /** The length and the header with its padding. */
    private static byte[] header(List<PendingTensor> tensors, Map<String, String> metadata) {
        Map<String, Object> top = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            metadata.forEach((key, value) -> {
                checkText("metadata key", key);
                checkText("metadata of '" + key + "'", value);
            });
            top.put(SafetensorsHeader.METADATA, metadata);
        }
        long begin = 0;
        for (PendingTensor tensor : tensors) {
            checkText("tensor name", tensor.name());
            long end = Math.addExact(begin, tensor.byteSize());
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", tensor.dtype().name());
            entry.put("shape", tensor.shape());
            entry.put("data_offsets", List.of(begin, end));
            if (tensor.name().equals(SafetensorsHeader.METADATA) || top.put(tensor.name(), entry) != null) {
                throw new IllegalArgumentException(
                        "write: tensor '" + tensor.name() + "': the name stands twice or is reserved");
            }
            begin = end;
        }
        byte[] json = Json.write(top).getBytes(StandardCharsets.UTF_8);
        int padded = Math.ceilDiv(json.length, 8) * 8;
        if (padded > SafetensorsHeader.MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "write: the header has " + padded + " bytes, expected at most " + SafetensorsHeader.MAX_LENGTH);
        }
        byte[] header = new byte[8 + padded];
        Arrays.fill(header, (byte) ' ');
        ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(json);
        return header;
    }

    private static void checkText(String what, String text) {
        if (!SafetensorsHeader.hasUtf8Form(text)) {
            throw new IllegalArgumentException("write: " + what + " has half of a surrogate pair");
        }
    }

    /** Writes a segment of any kind through a direct buffer: heap segments have no buffer view of their own. */
    private static void writeAll(FileChannel channel, ByteBuffer buffer, MemorySegment data) throws IOException {
        for (long from = 0; from < data.byteSize(); from += CHUNK) {
            int length = (int) Math.min(CHUNK, data.byteSize() - from);
            buffer.clear().limit(length);
            MemorySegment.ofBuffer(buffer).copyFrom(data.asSlice(from, length));
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        }
    }
}
