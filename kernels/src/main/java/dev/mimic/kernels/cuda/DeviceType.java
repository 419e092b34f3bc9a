package dev.mimic.kernels.cuda;

/** What the elements of a matrix on a device are. */
enum DeviceType {
    F32(CudaConstants.CUDA_R_32F, Float.BYTES),
    BF16(CudaConstants.CUDA_R_16BF, Short.BYTES);

    private final int code;
    private final int bytes;

    DeviceType(int code, int bytes) {
        this.code = code;
        this.bytes = bytes;
    }

    /** The value of {@code cudaDataType}. */
    int code() {
        return code;
    }

    /** Bytes of an element. */
    int bytes() {
        return bytes;
    }
}
