package dev.mimic.kernels.cuda;

/**
 * The shared libraries of a CUDA installation, in the order in which they are loaded: each needs some of those before it,
 * and the system's loader finds a library that is loaded already, whatever folder it lies in.
 */
enum CudaLibrary {
    CUDART("libcudart.so.12", "libcudart.so.13", true),
    NVJITLINK("libnvJitLink.so.12", "libnvJitLink.so.13", false),
    CUBLASLT("libcublasLt.so.12", "libcublasLt.so.13", false),
    CUBLAS("libcublas.so.12", "libcublas.so.13", true),
    CUSPARSE("libcusparse.so.12", "libcusparse.so.12", false),
    CUSOLVER("libcusolver.so.11", "libcusolver.so.12", false);

    private final String soname12;
    private final String soname13;
    private final boolean required;

    CudaLibrary(String soname12, String soname13, boolean required) {
        this.soname12 = soname12;
        this.soname13 = soname13;
        this.required = required;
    }

    /**
     * The library's file name.
     *
     * @param major CUDA's major version, 12 or 13; the libraries count their own versions apart from it
     */
    String soname(int major) {
        return switch (major) {
            case 12 -> soname12;
            case 13 -> soname13;
            default -> throw new IllegalArgumentException("soname: CUDA major is " + major + ", expected 12 or 13");
        };
    }

    /** Its name without version and ending, as {@code libcublas}. */
    String text() {
        return soname12.substring(0, soname12.indexOf('.'));
    }

    /** Whether nothing can be computed without it. */
    boolean required() {
        return required;
    }
}
