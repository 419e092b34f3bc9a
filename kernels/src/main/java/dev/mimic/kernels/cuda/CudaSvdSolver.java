package dev.mimic.kernels.cuda;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svd.RandomizedSvd;
import dev.mimic.kernels.svd.Svd;
import dev.mimic.kernels.svd.SvdInput;
import dev.mimic.kernels.svd.SvdSolver;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Decompositions on a device, in single precision: gesvd for a whole matrix; for the leading values a sketch, with products
 * by cuBLAS and bases by geqrf and orgqr. A device holds nothing between two calls.
 *
 * <p>What cannot be had there is computed on the processor, and said once: without cuSOLVER, after an error that ended the
 * device, and where gesvd does not converge.
 */
final class CudaSvdSolver implements SvdSolver {
    private static final int SQUARE = 32;

    private final CudaDevice device;
    private final CudaBlas blas;
    private final WorkerPool pool;
    private final SvdSolver processor;
    private final boolean strict;
    private final Consumer<String> note;
    private String noted = "";

    /**
     * Makes one; all is borrowed.
     *
     * @param processor what computes where the device cannot
     * @param strict whether a matrix that does not fit the device is an error, and not the processor's
     * @param note hears in one line why something is computed on the processor
     */
    CudaSvdSolver(CudaDevice device, WorkerPool pool, SvdSolver processor, boolean strict, Consumer<String> note) {
        this.device = device;
        this.blas = new CudaBlas(device);
        this.pool = pool;
        this.processor = processor;
        this.strict = strict;
        this.note = note;
    }

    @Override
    public boolean isSinglePrecision() {
        return device.cuda().solver() != null;
    }

    @Override
    public Svd full(Matrix w) {
        if (!usable()) {
            return processor.full(w);
        }
        SvdInput input = SvdInput.of("svd", pool, w);
        CudaSolver solver = new CudaSolver(device);
        int height = Math.max(w.rows(), w.cols());
        int width = Math.min(w.rows(), w.cols());
        long elements = (long) height * width;
        if (!fits(w, 2 * elements + (long) width * (width + 1), solver.svdWorkspace(height, width))) {
            return processor.full(w);
        }
        try {
            return full(w, input, solver, height, width);
        } catch (NoDecompositionException e) {
            say(shape(w) + ": " + e.getMessage() + "; computed on the processor");
            return processor.full(w);
        }
    }

    /** W lies by rows and so is its transpose by columns: the taller of both is taken apart. */
    private Svd full(Matrix w, SvdInput input, CudaSolver solver, int height, int width) {
        boolean wide = w.cols() > w.rows();
        try (DeviceBuffer a = uploaded(wide ? input.byRows() : input.byColumns());
                DeviceBuffer u = floats((long) height * width);
                DeviceBuffer sigma = floats(width);
                DeviceBuffer vt = floats((long) width * width)) {
            solver.svd(matrix(a, height, width), sigma, matrix(u, height, width), matrix(vt, width, width));
            return result(
                    w,
                    input.exponent(),
                    byRows(u, height, width),
                    downloaded(sigma, width),
                    downloaded(vt, width * width));
        }
    }

    @Override
    public Svd randomized(Matrix w, RandomizedSvd.Options options) {
        if (!usable()) {
            return processor.randomized(w, options);
        }
        int sketched = options.sketched(w);
        SvdInput input = SvdInput.of("svd", pool, w);
        CudaSolver solver = new CudaSolver(device);
        long height = Math.max(w.rows(), w.cols());
        long width = Math.min(w.rows(), w.cols());
        long elements = height * width + (height + 2 * width + sketched + 1) * sketched + height * options.rank();
        // gesvd and the bases come one after the other
        long workspace =
                Math.max(solver.svdWorkspace((int) width, sketched), solver.qrWorkspace((int) height, sketched));
        if (!fits(w, elements, workspace)) {
            return processor.randomized(w, options);
        }
        try {
            return randomized(w, input, solver, options, sketched);
        } catch (NoDecompositionException e) {
            say(shape(w) + ": " + e.getMessage() + "; computed on the processor");
            return processor.randomized(w, options);
        }
    }

    /** As {@link RandomizedSvd}: with the taller A of W and its transpose, from Bᵀ = AᵀQ = X S Yᵀ follows A ≈ (Q Y) S Xᵀ. */
    private Svd randomized(Matrix w, SvdInput input, CudaSolver solver, RandomizedSvd.Options options, int sketched) {
        boolean wide = w.cols() > w.rows();
        int height = Math.max(w.rows(), w.cols());
        int width = Math.min(w.rows(), w.cols());
        int rank = options.rank();
        float[] omega = options.sketch().matrix(pool, sketched, width, options.seed());
        try (DeviceBuffer lying = uploaded(input.byRows());
                DeviceBuffer right = uploaded(MemorySegment.ofArray(omega));
                DeviceBuffer left = floats((long) height * sketched);
                DeviceBuffer x = floats((long) width * sketched);
                DeviceBuffer sigma = floats(sketched);
                DeviceBuffer yt = floats((long) sketched * sketched);
                DeviceBuffer turned = floats((long) height * rank)) {
            DeviceMatrix a = matrix(lying, /* rows= */ w.cols(), /* cols= */ w.rows()); // as W lies, by columns
            DeviceMatrix q = matrix(left, height, sketched);
            DeviceMatrix bt = matrix(right, width, sketched);
            blas.gemm(1, !wide, a, false, bt, 0, q);
            for (int i = 0; i < options.power(); i++) {
                solver.orthonormalize(q);
                blas.gemm(1, wide, a, false, q, 0, bt);
                solver.orthonormalize(bt);
                blas.gemm(1, !wide, a, false, bt, 0, q);
            }
            solver.orthonormalize(q);
            blas.gemm(1, wide, a, false, q, 0, bt);
            solver.svd(bt, sigma, matrix(x, width, sketched), matrix(yt, sketched, sketched));
            DeviceMatrix kept = new DeviceMatrix(yt, 0, DeviceType.F32, rank, sketched, sketched);
            blas.gemm(1, false, q, true, kept, 0, matrix(turned, height, rank));
            return result(
                    w, input.exponent(), byRows(turned, height, rank), downloaded(sigma, rank), byRows(x, width, rank));
        }
    }

    /**
     * Puts the factors of A back to those of W.
     *
     * @param tall [height, rank]
     * @param other [width, rank]
     * @throws NoDecompositionException if they are not finite
     */
    private static Svd result(Matrix w, int exponent, float[] tall, float[] sigma, float[] other) {
        requireFinite("U", tall);
        requireFinite("S", sigma);
        requireFinite("V", other);
        for (int k = 0; k < sigma.length; k++) {
            sigma[k] = Math.scalb(Math.abs(sigma[k]), exponent); // no zero with a sign
        }
        boolean wide = w.cols() > w.rows();
        return Svd.signed(w.rows(), w.cols(), wide ? other : tall, sigma, wide ? tall : other);
    }

    private static void requireFinite(String name, float[] values) {
        float sum = 0; // of zeros, unless one is not finite
        for (float value : values) {
            sum += value * 0;
        }
        if (sum != 0) {
            throw new NoDecompositionException("cusolverDnSgesvd: " + name + " is not finite");
        }
    }

    private boolean usable() {
        if (device.cuda().solver() == null) {
            say("no cuSOLVER, weights are taken apart on the processor: "
                    + device.cuda().solverReason());
            return false;
        }
        if (device.failed()) {
            say(device.name() + ": out of use after an error; the processor computes from here on");
            return false;
        }
        return true;
    }

    /**
     * Compares with what is free.
     *
     * @throws CudaException if it does not fit and must
     */
    private boolean fits(Matrix w, long floats, long workspace) {
        long needed = floats * Float.BYTES + workspace;
        CudaDevice.Memory memory = device.memory();
        if (needed <= memory.free()) {
            return true;
        }
        String numbers = String.format(
                Locale.ROOT,
                "%s needs %.2f GiB, %.2f of %.2f GiB are free",
                shape(w),
                gibibytes(needed),
                gibibytes(memory.free()),
                gibibytes(memory.total()));
        if (strict) {
            throw CudaException.outOfMemory(device.name() + ": out of memory: " + numbers + "; use --device cpu");
        }
        say(device.name() + ": " + numbers + "; computed on the processor");
        return false;
    }

    private static double gibibytes(long bytes) {
        return bytes / (double) (1 << 30);
    }

    private static String shape(Matrix w) {
        return "W [" + w.rows() + ", " + w.cols() + "]";
    }

    private void say(String text) {
        if (!noted.equals(text)) {
            noted = text;
            note.accept(text);
        }
    }

    private DeviceBuffer floats(long count) {
        return device.allocate(count * Float.BYTES);
    }

    private DeviceBuffer uploaded(MemorySegment values) {
        DeviceBuffer buffer = device.allocate(values.byteSize());
        try {
            device.upload(values, buffer, 0);
            return buffer;
        } catch (RuntimeException | Error e) {
            buffer.close();
            throw e;
        }
    }

    private static DeviceMatrix matrix(DeviceBuffer buffer, int rows, int cols) {
        return DeviceMatrix.of(buffer, DeviceType.F32, rows, cols);
    }

    private float[] downloaded(DeviceBuffer buffer, int count) {
        float[] values = new float[count];
        device.download(buffer, 0, MemorySegment.ofArray(values));
        return values;
    }

    /** The first columns of a matrix on the device as an array [rows, cols], row-major. */
    private float[] byRows(DeviceBuffer buffer, int rows, int cols) {
        float[] columns = downloaded(buffer, Math.multiplyExact(rows, cols));
        float[] result = new float[columns.length];
        pool.run((rows + SQUARE - 1) / SQUARE, 1, (begin, end) -> {
            for (int j = 0; j < cols; j++) {
                for (int i = begin * SQUARE; i < Math.min(rows, end * SQUARE); i++) {
                    result[i * cols + j] = columns[j * rows + i];
                }
            }
        });
        return result;
    }
}
