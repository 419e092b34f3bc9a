package dev.mimic.testkit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes what torch.save writes for a dictionary of one-dimensional F32 tensors: pickle protocol 2 in a zip archive. */
public final class TorchFileWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private TorchFileWriter() {}

    /** Writes one tensor for each name. */
    public static void write(Path file, List<String> names, float[][] values) throws IOException {
        write(file, names, values, -1);
    }

    /** As {@link #write(Path, List, float[][])}, the tensors' length claimed to be another where it is not negative. */
    public static void write(Path file, List<String> names, float[][] values, int claimed) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            entry(zip, "archive/data.pkl", new TorchFileWriter().pickle(names, values, claimed));
            entry(zip, "archive/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; i < values.length; i++) {
                ByteBuffer bytes = ByteBuffer.allocate(values[i].length * 4).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(values[i]);
                entry(zip, "archive/data/" + i, bytes.array());
            }
            entry(zip, "archive/version", "3\n".getBytes(StandardCharsets.US_ASCII));
        }
    }

    private static void entry(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(bytes);
        zip.closeEntry();
    }

    private byte[] pickle(List<String> names, float[][] values, int claimed) {
        bytes(0x80, 2);
        global("collections", "OrderedDict");
        bytes(')', 'R', '(');
        for (int i = 0; i < values.length; i++) {
            int length = claimed < 0 ? values[i].length : claimed;
            text(names.get(i));
            global("torch._utils", "_rebuild_tensor_v2");
            bytes('(', '(');
            text("storage");
            global("torch", "FloatStorage");
            text(String.valueOf(i));
            text("cpu");
            number(values[i].length);
            bytes('t', 'Q', 'K', 0);
            number(length);
            bytes(0x85, 'K', 1, 0x85, 0x89);
            global("collections", "OrderedDict");
            bytes(')', 'R', 't', 'R');
        }
        bytes('u', '.');
        return out.toByteArray();
    }

    private void bytes(int... values) {
        for (int value : values) {
            out.write(value);
        }
    }

    private void number(int value) {
        out.write('J');
        out.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
    }

    private void text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        out.write('X');
        out.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(utf8.length)
                .array());
        out.writeBytes(utf8);
    }

    private void global(String module, String name) {
        out.writeBytes(("c" + module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
