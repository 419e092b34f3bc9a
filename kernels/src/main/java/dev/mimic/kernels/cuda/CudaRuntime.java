package dev.mimic.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Map;

/**
 * The functions of libcudart, as they are: each returns its status. The current device and the last error belong to the
 * calling thread.
 */
final class CudaRuntime {
    private final MethodHandle getDeviceCount;
    private final MethodHandle setDevice;
    private final MethodHandle deviceGetAttribute;
    private final MethodHandle getDeviceProperties;
    private final MethodHandle memGetInfo;
    private final MethodHandle runtimeGetVersion;
    private final MethodHandle driverGetVersion;
    private final MethodHandle getErrorName;
    private final MethodHandle getErrorString;
    private final MethodHandle getLastError;
    private final MethodHandle malloc;
    private final MethodHandle free;
    private final MethodHandle mallocHost;
    private final MethodHandle freeHost;
    private final MethodHandle memcpyAsync;
    private final MethodHandle memsetAsync;
    private final MethodHandle streamCreateWithFlags;
    private final MethodHandle streamDestroy;
    private final MethodHandle streamSynchronize;

    /**
     * Finds the functions.
     *
     * @throws CudaUnavailableException naming the first that the library lacks
     */
    CudaRuntime(NativeLibrary library, Map<String, CudaSignature> signatures) throws CudaUnavailableException {
        getDeviceCount = library.bind(signatures, "cudaGetDeviceCount");
        setDevice = library.bind(signatures, "cudaSetDevice");
        deviceGetAttribute = library.bind(signatures, "cudaDeviceGetAttribute");
        getDeviceProperties = library.bind(signatures, "cudaGetDeviceProperties");
        memGetInfo = library.bind(signatures, "cudaMemGetInfo");
        runtimeGetVersion = library.bind(signatures, "cudaRuntimeGetVersion");
        driverGetVersion = library.bind(signatures, "cudaDriverGetVersion");
        getErrorName = library.bind(signatures, "cudaGetErrorName");
        getErrorString = library.bind(signatures, "cudaGetErrorString");
        getLastError = library.bind(signatures, "cudaGetLastError");
        malloc = library.bind(signatures, "cudaMalloc");
        free = library.bind(signatures, "cudaFree");
        mallocHost = library.bind(signatures, "cudaMallocHost");
        freeHost = library.bind(signatures, "cudaFreeHost");
        memcpyAsync = library.bind(signatures, "cudaMemcpyAsync");
        memsetAsync = library.bind(signatures, "cudaMemsetAsync");
        streamCreateWithFlags = library.bind(signatures, "cudaStreamCreateWithFlags");
        streamDestroy = library.bind(signatures, "cudaStreamDestroy");
        streamSynchronize = library.bind(signatures, "cudaStreamSynchronize");
    }

    /** Writes an int. */
    int getDeviceCount(MemorySegment count) {
        try {
            return (int) getDeviceCount.invokeExact(count);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Makes a device the calling thread's own. */
    int setDevice(int device) {
        try {
            return (int) setDevice.invokeExact(device);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Whether {@link #getDeviceProperties} is there. */
    boolean namesDevices() {
        return getDeviceProperties != null;
    }

    /**
     * Writes a {@code cudaDeviceProp}, whose layout differs between versions but for the name, 256 bytes at its start.
     *
     * @param properties with bytes to spare
     */
    int getDeviceProperties(MemorySegment properties, int device) {
        try {
            return (int) getDeviceProperties.invokeExact(properties, device);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Writes an int. */
    int deviceGetAttribute(MemorySegment value, int attribute, int device) {
        try {
            return (int) deviceGetAttribute.invokeExact(value, attribute, device);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Writes two numbers of bytes, each a long. */
    int memGetInfo(MemorySegment free, MemorySegment total) {
        try {
            return (int) memGetInfo.invokeExact(free, total);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Writes an int: 12040 is 12.4. */
    int runtimeGetVersion(MemorySegment version) {
        try {
            return (int) runtimeGetVersion.invokeExact(version);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Writes an int: the newest CUDA that the driver serves, 0 without a driver. */
    int driverGetVersion(MemorySegment version) {
        try {
            return (int) driverGetVersion.invokeExact(version);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** The name of a status. */
    MemorySegment getErrorName(int error) {
        try {
            return (MemorySegment) getErrorName.invokeExact(error);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** The text of a status. */
    MemorySegment getErrorString(int error) {
        try {
            return (MemorySegment) getErrorString.invokeExact(error);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** The last error of the calling thread, which it then forgets unless it is sticky. */
    int getLastError() {
        try {
            return (int) getLastError.invokeExact();
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Writes a device address, a long. */
    int malloc(MemorySegment address, long bytes) {
        try {
            return (int) malloc.invokeExact(address, bytes);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Waits for the device, then frees. */
    int free(long address) {
        try {
            return (int) free.invokeExact(address);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Writes the address of pinned host memory. */
    int mallocHost(MemorySegment address, long bytes) {
        try {
            return (int) mallocHost.invokeExact(address, bytes);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Frees pinned memory. */
    int freeHost(MemorySegment address) {
        try {
            return (int) freeHost.invokeExact(address);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Copies in the order of the stream; pinned memory is read or written later. */
    int memcpyAsync(long target, long source, long bytes, int kind, long stream) {
        try {
            return (int) memcpyAsync.invokeExact(target, source, bytes, kind, stream);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Sets bytes in the order of the stream. */
    int memsetAsync(long target, int value, long bytes, long stream) {
        try {
            return (int) memsetAsync.invokeExact(target, value, bytes, stream);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Writes a handle, a long. */
    int streamCreateWithFlags(MemorySegment stream, int flags) {
        try {
            return (int) streamCreateWithFlags.invokeExact(stream, flags);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Gives a stream back. */
    int streamDestroy(long stream) {
        try {
            return (int) streamDestroy.invokeExact(stream);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Waits for all work of a stream, and reports what went wrong in it. */
    int streamSynchronize(long stream) {
        try {
            return (int) streamSynchronize.invokeExact(stream);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** The exception of a call that returned {@code status}. */
    CudaException failure(String function, int status, String shapes) {
        return new CudaException(
                function,
                status,
                NativeLibrary.text(getErrorName(status)),
                NativeLibrary.text(getErrorString(status)),
                shapes);
    }

    /** Whether a status says that the process's work with the device is over: every later call returns it too. */
    static boolean sticky(int status) {
        return switch (status) {
            case CudaConstants.cudaErrorECCUncorrectable,
                    CudaConstants.cudaErrorNvlinkUncorrectable,
                    CudaConstants.cudaErrorIllegalAddress,
                    CudaConstants.cudaErrorLaunchTimeout,
                    CudaConstants.cudaErrorContextIsDestroyed,
                    CudaConstants.cudaErrorAssert,
                    CudaConstants.cudaErrorHardwareStackError,
                    CudaConstants.cudaErrorIllegalInstruction,
                    CudaConstants.cudaErrorMisalignedAddress,
                    CudaConstants.cudaErrorInvalidAddressSpace,
                    CudaConstants.cudaErrorInvalidPc,
                    CudaConstants.cudaErrorLaunchFailure -> true;
            default -> false;
        };
    }
}
