package dev.mimic.loader.model;

import dev.mimic.loader.safetensors.TensorView;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Tells models apart by a sample of their bytes. It does not depend on how the tensors are spread over files, nor on
 * metadata: sha256 over the tensors in byte order of their UTF-8 names, each as {@code name\ndtype\nd0,d1\n} followed by
 * all its bytes if they are at most 64 KiB, else by 16 blocks of 4096 bytes, block i at byte {@code floor(i(n-4096)/15)}
 * of n.
 */
public final class Fingerprint {
    private static final int ALL_UP_TO = 64 << 10;
    private static final int BLOCK = 4096;
    private static final int BLOCKS = 16;

    private Fingerprint() {}

    /**
     * The fingerprint of some tensors, in any order.
     *
     * @return 64 hexadecimal digits
     */
    public static String of(Collection<TensorView> tensors) {
        List<Named> sorted = tensors.stream()
                .map(tensor -> new Named(tensor.name().getBytes(StandardCharsets.UTF_8), tensor))
                .sorted((a, b) -> Arrays.compareUnsigned(a.utf8(), b.utf8()))
                .toList();
        MessageDigest digest = sha256();
        for (Named named : sorted) {
            add(named.tensor(), digest);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared, only sorted
    private record Named(byte[] utf8, TensorView tensor) {}

    private static void add(TensorView tensor, MessageDigest digest) {
        String dimensions = tensor.shape().stream().map(String::valueOf).collect(Collectors.joining(","));
        String header = tensor.name() + "\n" + tensor.dtype().name() + "\n" + dimensions + "\n";
        digest.update(header.getBytes(StandardCharsets.UTF_8));
        MemorySegment data = tensor.data();
        long size = data.byteSize();
        if (size <= ALL_UP_TO) {
            digest.update(data.toArray(ValueLayout.JAVA_BYTE));
            return;
        }
        for (int i = 0; i < BLOCKS; i++) {
            long from = i * (size - BLOCK) / (BLOCKS - 1);
            digest.update(data.asSlice(from, BLOCK).toArray(ValueLayout.JAVA_BYTE));
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
