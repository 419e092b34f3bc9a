package dev.mimic.kernels.cuda;

/** Values of the C enums, under their own names. */
final class CudaConstants {
    static final int cudaSuccess = 0;
    static final int cudaErrorMemoryAllocation = 2;
    static final int cudaErrorInsufficientDriver = 35;
    static final int cudaErrorNoDevice = 100;
    static final int cudaErrorInvalidDevice = 101;
    static final int cudaErrorECCUncorrectable = 214;
    static final int cudaErrorNvlinkUncorrectable = 220;
    static final int cudaErrorIllegalAddress = 700;
    static final int cudaErrorLaunchTimeout = 702;
    static final int cudaErrorContextIsDestroyed = 709;
    static final int cudaErrorAssert = 710;
    static final int cudaErrorHardwareStackError = 714;
    static final int cudaErrorIllegalInstruction = 715;
    static final int cudaErrorMisalignedAddress = 716;
    static final int cudaErrorInvalidAddressSpace = 717;
    static final int cudaErrorInvalidPc = 718;
    static final int cudaErrorLaunchFailure = 719;

    static final int cudaMemcpyHostToDevice = 1;
    static final int cudaMemcpyDeviceToHost = 2;
    static final int cudaMemcpyDeviceToDevice = 3;
    static final int cudaStreamNonBlocking = 1;
    static final int cudaDevAttrMultiProcessorCount = 16;
    static final int cudaDevAttrComputeCapabilityMajor = 75;
    static final int cudaDevAttrComputeCapabilityMinor = 76;

    static final int CUDA_R_32F = 0;
    static final int CUDA_R_16BF = 14;

    static final int CUBLAS_STATUS_SUCCESS = 0;
    static final int CUBLAS_STATUS_EXECUTION_FAILED = 13;
    static final int CUBLAS_STATUS_INTERNAL_ERROR = 14;
    static final int CUBLAS_OP_N = 0;
    static final int CUBLAS_OP_T = 1;
    static final int CUBLAS_SIDE_LEFT = 0;
    static final int CUBLAS_SIDE_RIGHT = 1;
    static final int CUBLAS_COMPUTE_32F = 68;
    static final int CUBLAS_COMPUTE_32F_PEDANTIC = 69;
    static final int CUBLAS_COMPUTE_32F_FAST_TF32 = 77;
    static final int CUBLAS_GEMM_DEFAULT = -1;
    static final int CUBLAS_DEFAULT_MATH = 0;
    /** A bit: sums of bf16 products stay in f32 even where the result is bf16. */
    static final int CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION = 16;

    static final int CUSOLVER_STATUS_SUCCESS = 0;
    static final int CUSOLVER_STATUS_NOT_INITIALIZED = 1;
    static final int CUSOLVER_STATUS_ALLOC_FAILED = 2;
    static final int CUSOLVER_STATUS_INVALID_VALUE = 3;
    static final int CUSOLVER_STATUS_ARCH_MISMATCH = 4;
    static final int CUSOLVER_STATUS_MAPPING_ERROR = 5;
    static final int CUSOLVER_STATUS_EXECUTION_FAILED = 6;
    static final int CUSOLVER_STATUS_INTERNAL_ERROR = 7;
    static final int CUSOLVER_STATUS_MATRIX_TYPE_NOT_SUPPORTED = 8;
    static final int CUSOLVER_STATUS_NOT_SUPPORTED = 9;

    /** The {@code libraryPropertyType} that asks for the major version. */
    static final int MAJOR_VERSION = 0;

    private CudaConstants() {}
}
