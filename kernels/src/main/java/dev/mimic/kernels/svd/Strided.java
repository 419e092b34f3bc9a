package dev.mimic.kernels.svd;

/**
 * A matrix inside a double array: element [i, j] lies at {@code offset + i·rowStride + j·colStride}. A transpose is the
 * same data with the strides exchanged.
 */
@SuppressWarnings("ArrayRecordComponent") // a view, never compared
record Strided(double[] data, int offset, int rowStride, int colStride) {
    /** Row-major with the given distance between rows. */
    static Strided rows(double[] data, int offset, int stride) {
        return new Strided(data, offset, stride, 1);
    }

    Strided transposed() {
        return new Strided(data, offset, colStride, rowStride);
    }
}
