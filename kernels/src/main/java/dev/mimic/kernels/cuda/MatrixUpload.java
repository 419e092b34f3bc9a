package dev.mimic.kernels.cuda;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.WeightMemory.UploadListener;
import java.lang.foreign.MemorySegment;

/** Copies a matrix to a device in pieces: its bytes as they are, or widened to F32 on the way, which is exact. */
final class MatrixUpload {
    /** Bytes on the device of a piece that is copied as it is. */
    private static final long PIECE = 32L << 20;

    /** Elements of a piece that is widened. */
    private static final int WIDENED = 1 << 20;

    private MatrixUpload() {}

    /**
     * Copies.
     *
     * @param matrix [rows, cols]
     * @param type what it becomes
     * @param before bytes of earlier matrices, for the listener
     * @param total bytes of all
     * @return bytes up to its end
     */
    static long run(
            CudaDevice device,
            Matrix matrix,
            DeviceType type,
            DeviceBuffer target,
            long before,
            long total,
            UploadListener listener) {
        boolean asItIs = matrix.elementBytes() == type.bytes();
        if (asItIs) {
            long bytes = target.bytes();
            for (long at = 0; at < bytes; at += PIECE) {
                long length = Math.min(PIECE, bytes - at);
                device.upload(matrix.data().asSlice(at, length), target, at);
                listener.uploaded(before + at + length, total);
            }
            return before + bytes;
        }
        long count = target.bytes() / Float.BYTES;
        float[] piece = new float[(int) Math.min(WIDENED, count)];
        for (long first = 0; first < count; first += piece.length) {
            int length = (int) Math.min(piece.length, count - first);
            widen(matrix, first, length, piece);
            device.upload(
                    MemorySegment.ofArray(piece).asSlice(0, (long) length * Float.BYTES), target, first * Float.BYTES);
            listener.uploaded(before + (first + length) * Float.BYTES, total);
        }
        return before + target.bytes();
    }

    // one loop for each type, so that C2 sees which it is

    private static void widen(Matrix matrix, long first, int length, float[] to) {
        MemorySegment data = matrix.data();
        switch (matrix) {
            case Matrix.F16 _ -> {
                for (int i = 0; i < length; i++) {
                    to[i] = Float.float16ToFloat(data.get(Matrix.SHORT, (first + i) * Short.BYTES));
                }
            }
            case Matrix.Bf16 _ -> {
                for (int i = 0; i < length; i++) {
                    to[i] = Float.intBitsToFloat(data.get(Matrix.SHORT, (first + i) * Short.BYTES) << 16);
                }
            }
            default -> throw new IllegalArgumentException("upload: no such matrix is widened: " + matrix);
        }
    }
}
