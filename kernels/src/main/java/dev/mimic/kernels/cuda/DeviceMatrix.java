package dev.mimic.kernels.cuda;

/**
 * A column-major matrix in device memory: element (r, c) is element {@code r + c * leading}. A row-major matrix
 * [rows, cols] is the column-major matrix [cols, rows] with {@code leading} = cols.
 *
 * @param offset bytes from the buffer's start
 * @param leading elements from a column to the next, at least {@code rows}
 */
record DeviceMatrix(DeviceBuffer buffer, long offset, DeviceType type, long rows, long cols, long leading) {
    DeviceMatrix {
        if (rows < 0 || cols < 0 || leading < Math.max(1, rows)) {
            throw new IllegalArgumentException(
                    "device matrix: leading is " + leading + ", expected at least rows ([" + rows + ", " + cols + "])");
        }
        buffer.address(offset, extent(type, rows, cols, leading));
    }

    /** One that begins at its buffer's start and has no gaps between columns. */
    static DeviceMatrix of(DeviceBuffer buffer, DeviceType type, long rows, long cols) {
        return new DeviceMatrix(buffer, 0, type, rows, cols, Math.max(1, rows));
    }

    /** Where its first element is, for a call that is made at once. */
    long address() {
        return buffer.address(offset, extent(type, rows, cols, leading));
    }

    /** Its shape for a message. */
    String shape() {
        return type + " [" + rows + ", " + cols + "] leading " + leading;
    }

    /** Bytes from the first element to the end of the last. */
    private static long extent(DeviceType type, long rows, long cols, long leading) {
        return rows == 0 || cols == 0
                ? 0
                : Math.multiplyExact(Math.addExact(Math.multiplyExact(cols - 1, leading), rows), (long) type.bytes());
    }
}
