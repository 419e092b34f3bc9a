package dev.mimic.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;

/**
 * One device with one stream. All its calls are made by one platform thread of its own, since CUDA keeps the current
 * device and the last error per thread; the methods here may be called from any thread and wait for it.
 *
 * <p>Some errors end a process's work with a device ({@link CudaRuntime#sticky}). After one, every method but {@code
 * close} throws a {@link CudaException} that names it.
 */
final class CudaDevice implements AutoCloseable {
    private static final long CHUNK_BYTES = 32L << 20;

    /**
     * More than any version's {@code cudaDeviceProp}. The 1032 bytes of CUDA 12.4 are those of {@code
     * cudaGetDeviceProperties_v2}; in CUDA 12 the symbol without a version, which is called here, is the older one with a
     * shorter structure.
     */
    private static final long PROPERTIES_BYTES = 1 << 14;

    /** The name, at the start of every version's structure. */
    private static final long NAME_BYTES = 256;

    private final Cuda.Available cuda;
    private final CudaRuntime runtime;
    private final int ordinal;
    private final PinnedMemory pinned;
    private final DeviceThread thread;
    // below: touched by the device's thread alone, but for fatal
    private final Set<Long> allocated = new HashSet<>();
    private volatile CudaException fatal;
    private Arena arena;
    private MemorySegment out;
    private long stream;
    private long blas;
    private long solver;

    private CudaDevice(Cuda.Available cuda, int ordinal, long chunkBytes) {
        this.cuda = cuda;
        this.runtime = cuda.runtime();
        this.ordinal = ordinal;
        this.pinned = new PinnedMemory(this, chunkBytes);
        this.thread = new DeviceThread(ordinal);
    }

    /**
     * Opens a device.
     *
     * @param ordinal which one, from 0
     * @throws IllegalArgumentException if there is no such device
     * @throws CudaException if it cannot be opened
     */
    static CudaDevice open(Cuda.Available cuda, int ordinal) {
        return open(cuda, ordinal, CHUNK_BYTES);
    }

    /**
     * Opens a device that copies in smaller or larger pieces.
     *
     * @param chunkBytes bytes of a piece, of which two are pinned
     */
    static CudaDevice open(Cuda.Available cuda, int ordinal, long chunkBytes) {
        if (ordinal < 0 || ordinal >= cuda.devices()) {
            throw new IllegalArgumentException("cuda:" + ordinal + ": no such GPU, expected "
                    + (cuda.devices() == 1 ? "cuda:0" : "cuda:0 to cuda:" + (cuda.devices() - 1)));
        }
        CudaDevice device = new CudaDevice(cuda, ordinal, chunkBytes);
        try {
            device.run(device::begin);
        } catch (RuntimeException | Error e) {
            device.close();
            throw e;
        }
        return device;
    }

    private void begin() {
        arena = Arena.ofConfined();
        out = arena.allocate(2 * ValueLayout.JAVA_LONG.byteSize(), ValueLayout.JAVA_LONG.byteAlignment());
        check("cudaSetDevice", runtime.setDevice(ordinal), "device " + ordinal);
        check("cudaStreamCreateWithFlags", runtime.streamCreateWithFlags(out, CudaConstants.cudaStreamNonBlocking), "");
        stream = out.get(ValueLayout.JAVA_LONG, 0);
        checkBlas("cublasCreate_v2", cuda.blas().create(out), "");
        blas = out.get(ValueLayout.JAVA_LONG, 0);
        checkBlas("cublasSetStream_v2", cuda.blas().setStream(blas, stream), "");
        int mode = CudaConstants.CUBLAS_DEFAULT_MATH | CudaConstants.CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
        checkBlas("cublasSetMathMode", cuda.blas().setMathMode(blas, mode), "mode " + mode);
    }

    /**
     * Runs work on the device's thread and waits for it, also when interrupted: the work may use the caller's memory.
     *
     * @throws IllegalStateException if the device was closed
     * @throws CudaException if an earlier error ended the device
     */
    <T> T call(Supplier<T> work) {
        if (thread.isCurrent()) {
            return work.get();
        }
        return thread.call(() -> {
            refuseIfDead();
            return work.get();
        });
    }

    /** As {@link #call}, for work without a result. */
    void run(Runnable work) {
        call(() -> {
            work.run();
            return true;
        });
    }

    private void refuseIfDead() {
        if (fatal != null) {
            throw new CudaException(
                    "cuda device " + ordinal + ": out of use since an earlier call failed: " + fatal.getMessage(),
                    fatal);
        }
    }

    /** Whether an error ended it. */
    boolean failed() {
        return fatal != null;
    }

    /** Which one it is, for messages. */
    String name() {
        return "cuda:" + ordinal;
    }

    /**
     * What the maker calls it; empty where the library does not say.
     *
     * @throws CudaException if an error is met that ends the device
     */
    String model() {
        return call(() -> {
            if (!runtime.namesDevices()) {
                return "";
            }
            try (Arena own = Arena.ofConfined()) {
                MemorySegment properties = own.allocate(PROPERTIES_BYTES, ValueLayout.JAVA_LONG.byteAlignment());
                int status = runtime.getDeviceProperties(properties, ordinal);
                if (status != CudaConstants.cudaSuccess && !CudaRuntime.sticky(status)) {
                    runtime.getLastError(); // forgotten, so that no later call is taken to have failed
                    return "";
                }
                check("cudaGetDeviceProperties", status, "device " + ordinal);
                properties.set(ValueLayout.JAVA_BYTE, NAME_BYTES - 1, (byte) 0);
                return properties.getString(0).strip();
            }
        });
    }

    /** What is free and what there is, in bytes. */
    record Memory(long free, long total) {}

    /** The device's memory. */
    Memory memory() {
        return call(() -> {
            check("cudaMemGetInfo", runtime.memGetInfo(out, out.asSlice(Long.BYTES)), "");
            return new Memory(out.get(ValueLayout.JAVA_LONG, 0), out.get(ValueLayout.JAVA_LONG, Long.BYTES));
        });
    }

    /**
     * A number that describes the device.
     *
     * @param attribute a {@code cudaDevAttr…} of {@link CudaConstants}
     */
    int attribute(int attribute) {
        return call(() -> {
            check(
                    "cudaDeviceGetAttribute",
                    runtime.deviceGetAttribute(out, attribute, ordinal),
                    "attribute " + attribute + ", device " + ordinal);
            return out.get(ValueLayout.JAVA_INT, 0);
        });
    }

    /**
     * Allocates memory, whose content is undefined.
     *
     * @throws CudaException status 2 if there is not enough
     */
    DeviceBuffer allocate(long bytes) {
        return call(() -> {
            check("cudaMalloc", runtime.malloc(out, bytes), bytes + " bytes");
            long address = out.get(ValueLayout.JAVA_LONG, 0);
            allocated.add(address);
            return new DeviceBuffer(this, address, bytes);
        });
    }

    /** Of {@link DeviceBuffer#close} alone: frees, unless the device is closed or out of use and the memory so gone. */
    void free(long address, long bytes) {
        if (fatal != null || thread.isEnded()) {
            return;
        }
        run(() -> {
            if (allocated.remove(address)) {
                check("cudaFree", runtime.free(address), bytes + " bytes");
            }
        });
    }

    /** Copies from the host through pinned memory; done when it returns. */
    void upload(MemorySegment source, DeviceBuffer target, long offset) {
        run(() -> pinned.transfer(target.address(offset, source.byteSize()), source)
                .upload());
    }

    /** Copies to the host through pinned memory, after all work so far; done when it returns. */
    void download(DeviceBuffer source, long offset, MemorySegment target) {
        run(() -> pinned.transfer(source.address(offset, target.byteSize()), target)
                .download());
    }

    /**
     * Queues a copy between the host and the device, or within the device. What a copy to or from pinned memory was given
     * stays as it is until the stream has been waited for. Called on the device's thread.
     *
     * @param kind a {@code cudaMemcpy…To…} of {@link CudaConstants}
     */
    void copy(long target, long source, long bytes, int kind) {
        int status = runtime.memcpyAsync(target, source, bytes, kind, stream);
        if (status != CudaConstants.cudaSuccess) {
            check("cudaMemcpyAsync", status, bytes + " bytes, kind " + kind);
        }
    }

    /** Sets bytes, in the order of the device's other work. */
    void fill(DeviceBuffer target, int value) {
        run(() -> check(
                "cudaMemsetAsync",
                runtime.memsetAsync(target.address(0, target.bytes()), value, target.bytes(), stream),
                target.bytes() + " bytes"));
    }

    /** Waits until all work so far is done; what went wrong in it is reported here. */
    void synchronize() {
        run(() -> check("cudaStreamSynchronize", runtime.streamSynchronize(stream), "detected here, made earlier"));
    }

    /** The stream's handle. */
    long stream() {
        return stream;
    }

    /** Host memory that it reads and writes by itself, freed with it. To be used on the device's thread. */
    PinnedMemory pinned() {
        return pinned;
    }

    /** The libraries. */
    Cuda.Available cuda() {
        return cuda;
    }

    /** The handle of cuBLAS. */
    long blas() {
        return blas;
    }

    /**
     * The handle of cuSOLVER, made when it is first asked for, on the device's thread.
     *
     * @throws UnsupportedOperationException saying why there is no cuSOLVER
     */
    long solver() {
        return call(() -> {
            if (solver == 0) {
                if (cuda.solver() == null) {
                    throw new UnsupportedOperationException("no cuSOLVER: " + cuda.solverReason());
                }
                checkSolver("cusolverDnCreate", cuda.solver().create(out), "");
                solver = out.get(ValueLayout.JAVA_LONG, 0); // only now: a failed call leaves something else here
                checkSolver("cusolverDnSetStream", cuda.solver().setStream(solver, stream), "");
            }
            return solver;
        });
    }

    /** Throws if a function of libcudart failed. */
    void check(String function, int status, String shapes) {
        if (status != CudaConstants.cudaSuccess) {
            throw remember(runtime.failure(function, status, shapes), status);
        }
    }

    /** Throws if a function of libcublas failed. */
    void checkBlas(String function, int status, String shapes) {
        if (status != CudaConstants.CUBLAS_STATUS_SUCCESS) {
            throw remember(cuda.blas().failure(function, status, shapes), runtime.getLastError());
        }
    }

    /** Throws if a function of libcusolver failed. */
    void checkSolver(String function, int status, String shapes) {
        if (status != CudaConstants.CUSOLVER_STATUS_SUCCESS) {
            throw remember(Cusolver.failure(function, status, shapes), runtime.getLastError());
        }
    }

    /** Notes whether the error behind a failure, as libcudart numbers it, ends the device. */
    private CudaException remember(CudaException failure, int error) {
        if (fatal == null && CudaRuntime.sticky(error)) {
            fatal = failure;
        }
        return failure;
    }

    /** Frees all that is left, handles and memory. Statuses no longer matter to anyone. */
    @Override
    public void close() {
        thread.end(this::end);
    }

    private void end() {
        if (arena == null) {
            return;
        }
        if (stream != 0) {
            runtime.streamSynchronize(stream); // so that nothing still uses what is freed below
        }
        allocated.forEach(runtime::free);
        allocated.clear();
        if (solver != 0) {
            cuda.solver().destroy(solver);
            solver = 0;
        }
        if (blas != 0) {
            cuda.blas().destroy(blas);
            blas = 0;
        }
        pinned.free();
        if (stream != 0) {
            runtime.streamDestroy(stream);
            stream = 0;
        }
        arena.close();
        arena = null;
    }
}
