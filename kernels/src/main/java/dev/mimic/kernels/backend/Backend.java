package dev.mimic.kernels.backend;

import dev.mimic.kernels.KernelChoice;
import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionKernels;
import dev.mimic.kernels.cuda.Cuda;
import dev.mimic.kernels.cuda.CudaException;
import dev.mimic.kernels.cuda.CudaKernels;
import dev.mimic.kernels.gradient.GradientKernels;
import dev.mimic.kernels.lowrank.LowRankKernels;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.matrix.WeightMemory;
import dev.mimic.kernels.row.RowKernels;
import dev.mimic.kernels.svd.DoubleKernels;
import dev.mimic.kernels.svd.SvdSolver;
import dev.mimic.kernels.svf.SvfKernels;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One implementation of every kernel family, over one pool: the only place that knows what the processor has. Kernels
 * serve one calling thread at a time, so each engine takes a backend of its own and closes it; the pool may be shared.
 *
 * @param name what runs, for {@code doctor} and tests: {@code scalar}, {@code vector-} and the bits of a vector, or
 *     the device, as {@code cuda:0}
 */
public record Backend(
        String name,
        WorkerPool pool,
        MatrixKernels matrix,
        RowKernels row,
        AttentionKernels attention,
        SvfKernels svf,
        LowRankKernels lowRank,
        GradientKernels gradient,
        DoubleKernels doubles,
        SvdSolver svd,
        WeightMemory memory)
        implements AutoCloseable {
    private static final String SCALAR = "scalar";
    private static final String VECTOR = "vector-";

    /** Plain Java loops. */
    public static Backend scalar(WorkerPool pool) {
        MatrixKernels matrix = MatrixKernels.scalar(pool);
        DoubleKernels doubles = DoubleKernels.scalar();
        return new Backend(
                SCALAR,
                pool,
                matrix,
                RowKernels.scalar(pool),
                AttentionKernels.scalar(pool),
                SvfKernels.of(matrix, pool),
                new LowRankKernels(matrix),
                GradientKernels.scalar(pool),
                doubles,
                SvdSolver.processor(doubles, matrix, pool),
                WeightMemory.BORROWED);
    }

    /**
     * The Vector API, at the width that {@code mimic.vector} forces, else at the processor's own.
     *
     * @throws IllegalArgumentException if the property {@code mimic.vector} or {@code mimic.gemv} has no known value
     */
    public static Backend vector(WorkerPool pool) {
        KernelChoice.requested(); // before VectorWidth, where a bad value would be an error in a static initialiser
        MatrixKernels matrix = MatrixKernels.vector(pool);
        DoubleKernels doubles = DoubleKernels.vector();
        return new Backend(
                VECTOR + VectorWidth.bits(),
                pool,
                matrix,
                RowKernels.vector(pool),
                AttentionKernels.vector(pool),
                SvfKernels.of(matrix, pool),
                new LowRankKernels(matrix),
                GradientKernels.vector(pool),
                doubles,
                SvdSolver.processor(doubles, matrix, pool),
                WeightMemory.BORROWED);
    }

    /**
     * What suits this machine, or what the system property {@code mimic.vector} forces.
     *
     * @throws IllegalArgumentException if the property {@code mimic.vector} or {@code mimic.gemv} has no known value
     */
    public static Backend best(WorkerPool pool) {
        return KernelChoice.requested() == KernelChoice.SCALAR ? scalar(pool) : vector(pool);
    }

    /**
     * What computes on a device. Where that is a GPU it multiplies with what {@link #memory} was told to load, and the
     * processor does everything else. A library is looked for only where the device is not {@link Device#CPU}.
     *
     * @param device {@link Device#AUTO} and {@link Device#UNASKED} are the first GPU, if it can be opened, else the processor
     * @param note hears, in one line each, why they are the processor ({@code UNASKED} only where CUDA is installed), and
     *     that a GPU is out of use after an error. Called by the thread that opens or uses the kernels
     * @throws IllegalArgumentException if a GPU is asked for and cannot be used, saying why
     */
    public static Backend open(Device device, WorkerPool pool, Consumer<String> note) {
        Backend processor = best(pool);
        if (device.kind() == Device.Kind.CPU) {
            return processor;
        }
        boolean required = device.isRequired();
        Cuda found = Cuda.probe();
        // no switch over patterns: the first of a process takes milliseconds of every start
        if (found instanceof Cuda.Available cuda) {
            try {
                return cuda(processor, cuda, device, note);
            } catch (RuntimeException e) { // by its own name its class would be loaded where nobody wants a GPU
                if (required) {
                    throw e instanceof IllegalArgumentException
                            ? e
                            : new IllegalArgumentException(device + " cannot be used: " + e.getMessage(), e);
                }
                note.accept("computing on the processor: " + e.getMessage());
            }
        } else if (found instanceof Cuda.Unavailable cuda) {
            if (required) {
                throw new IllegalArgumentException(device + " cannot be used: " + cuda.reason());
            }
            if (cuda.found() || device.kind() == Device.Kind.AUTO) {
                note.accept("computing on the processor: " + cuda.reason());
            }
        }
        return processor;
    }

    private static Backend cuda(Backend processor, Cuda.Available cuda, Device device, Consumer<String> note) {
        CudaKernels kernels = CudaKernels.open(cuda, device.ordinal(), processor.matrix, processor.pool, note);
        return new Backend(
                Device.cuda(device.ordinal()).toString(),
                processor.pool,
                kernels.matrix(),
                processor.row,
                processor.attention,
                kernels.svf(),
                processor.lowRank,
                processor.gradient,
                processor.doubles,
                kernels.svd(processor.svd, device.isRequired()),
                kernels.memory());
    }

    /** Whether it is the processor that multiplies, by choice: a GPU that an error ended is {@link WeightMemory#lost}. */
    public boolean onProcessor() {
        return memory == WeightMemory.BORROWED;
    }

    /**
     * What CUDA offers here, or why it is not used: one line for {@code doctor}. Where there is a GPU this takes up to a
     * second.
     */
    public static String gpu() {
        return switch (Cuda.probe()) {
            case Cuda.Available cuda ->
                "found, used by --device cuda and auto: " + cuda.description()
                        + (cuda.solverReason().isEmpty() ? "" : "; no cuSOLVER: " + cuda.solverReason());
            case Cuda.Unavailable cuda -> "not used: " + cuda.reason();
        };
    }

    /** Whether a failure is what a GPU's library reports, or that the GPU has too little memory. */
    public static boolean isReportOfDevice(RuntimeException failure) {
        return failure instanceof CudaException;
    }

    /** Whether {@link #over} gives another: kernels are the scalar or the vector ones. */
    public boolean repeatable() {
        return name.equals(SCALAR) || name.startsWith(VECTOR);
    }

    /**
     * The same implementation over another pool, for a second calling thread; to be closed like this one.
     *
     * @return empty where this is not {@link #repeatable}
     */
    public Optional<Backend> over(WorkerPool other) {
        if (!repeatable()) {
            return Optional.empty();
        }
        return Optional.of(name.equals(SCALAR) ? scalar(other) : vector(other));
    }

    /**
     * Frees what the backend holds on a device; native scratch of the processor's kernels goes with the garbage. Kernels
     * and pool are not to be used with it any more. Idempotent.
     */
    @Override
    public void close() {
        memory.close();
    }
}
