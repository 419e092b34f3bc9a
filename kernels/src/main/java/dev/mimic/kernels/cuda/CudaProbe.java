package dev.mimic.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;

/** Tries the libraries that were loaded: versions that fit, a device, a handle of cuBLAS. */
final class CudaProbe {
    private final CudaLibraries libraries;
    private final CudaRuntime runtime;
    private final Cublas blas;

    CudaProbe(CudaLibraries libraries) throws CudaUnavailableException {
        Map<String, CudaSignature> signatures = CudaSignatures.all();
        this.libraries = libraries;
        this.runtime = new CudaRuntime(libraries.loaded().get(CudaLibrary.CUDART), signatures);
        this.blas = new Cublas(libraries.loaded().get(CudaLibrary.CUBLAS), signatures);
    }

    Cuda.Available run() throws CudaUnavailableException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
            int runtimeVersion = runtimeVersion(out);
            int driverVersion = runtime.driverGetVersion(out) == 0 ? out.get(ValueLayout.JAVA_INT, 0) : 0;
            int devices = devices(out, runtimeVersion, driverVersion);
            tryBlas(out);
            Cusolver solver = null;
            String solverReason = libraries.solverReason();
            if (libraries.loaded().containsKey(CudaLibrary.CUSOLVER)) {
                try {
                    solver = new Cusolver(libraries.loaded().get(CudaLibrary.CUSOLVER), CudaSignatures.all());
                } catch (CudaUnavailableException e) {
                    solverReason = e.getMessage();
                }
            }
            String description = devices + (devices == 1 ? " GPU, CUDA " : " GPUs, CUDA ") + version(runtimeVersion)
                    + " of " + libraries.place() + ", driver for CUDA " + version(driverVersion);
            return new Cuda.Available(libraries, runtime, blas, solver, devices, description, solverReason);
        }
    }

    private int runtimeVersion(MemorySegment out) throws CudaUnavailableException {
        int status = runtime.runtimeGetVersion(out);
        if (status != 0) {
            throw failed(runtime.failure("cudaRuntimeGetVersion", status, ""));
        }
        int version = out.get(ValueLayout.JAVA_INT, 0);
        status = blas.getProperty(CudaConstants.MAJOR_VERSION, out);
        if (status != 0) {
            throw failed(blas.failure("cublasGetProperty", status, ""));
        }
        int blasMajor = out.get(ValueLayout.JAVA_INT, 0);
        if (version / 1000 != libraries.major() || blasMajor != libraries.major()) {
            throw new CudaUnavailableException("libraries of different versions in " + libraries.place()
                    + ": expected CUDA " + libraries.major() + ", libcudart says " + version(version)
                    + ", libcublas says " + blasMajor);
        }
        return version;
    }

    private int devices(MemorySegment out, int runtimeVersion, int driverVersion) throws CudaUnavailableException {
        out.set(ValueLayout.JAVA_INT, 0, 0);
        int status = runtime.getDeviceCount(out);
        String found = "CUDA " + version(runtimeVersion) + " found in " + libraries.place() + ", but ";
        switch (status) {
            case CudaConstants.cudaSuccess -> {
                int devices = out.get(ValueLayout.JAVA_INT, 0);
                if (devices < 1) {
                    throw new CudaUnavailableException(found + "no GPU (cudaGetDeviceCount counts " + devices + ")");
                }
                return devices;
            }
            case CudaConstants.cudaErrorInsufficientDriver -> {
                String driver = driverVersion == 0
                        ? "no NVIDIA driver"
                        : "the NVIDIA driver is too old, it serves CUDA up to " + version(driverVersion);
                throw new CudaUnavailableException(found + driver + " ("
                        + runtime.failure("cudaGetDeviceCount", status, "").getMessage() + ")");
            }
            case CudaConstants.cudaErrorNoDevice ->
                throw new CudaUnavailableException(found + "no GPU ("
                        + runtime.failure("cudaGetDeviceCount", status, "").getMessage() + ")");
            default ->
                throw new CudaUnavailableException(found
                        + runtime.failure("cudaGetDeviceCount", status, "").getMessage());
        }
    }

    /** A cuBLAS that loads may still refuse to work. */
    private void tryBlas(MemorySegment out) throws CudaUnavailableException {
        int status = blas.create(out);
        if (status != CudaConstants.CUBLAS_STATUS_SUCCESS) {
            throw failed(blas.failure("cublasCreate_v2", status, ""));
        }
        status = blas.destroy(out.get(ValueLayout.JAVA_LONG, 0));
        if (status != CudaConstants.CUBLAS_STATUS_SUCCESS) {
            throw failed(blas.failure("cublasDestroy_v2", status, ""));
        }
    }

    private CudaUnavailableException failed(CudaException e) {
        return new CudaUnavailableException("CUDA found in " + libraries.place() + ", but " + e.getMessage());
    }

    /** 12040 is 12.4. */
    private static String version(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }
}
