package dev.mimic.kernels.cuda;

import dev.mimic.kernels.cuda.CudaWorkspace.Area;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Products of rows on the host with matrices on the device: the rows go there, the results come back, and the device is
 * waited for once. Many rows go in slices. Used on the device's thread.
 */
final class CudaProducts {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private final CudaDevice device;
    private final CudaBlas blas;
    private final CudaWorkspace work;
    private DeviceBuffer ones;
    private short[] planes = {};
    private float[] added = {};

    CudaProducts(CudaDevice device) {
        this.device = device;
        this.blas = new CudaBlas(device);
        this.work = new CudaWorkspace(device);
    }

    /**
     * {@code y[i] = W x[i]}, or {@code Wᵀ x[i]}.
     *
     * @param w [out, in], or [in, out] if transposed, row-major: on the device its transpose, column-major
     * @param batch rows
     * @param x [batch, in]
     * @param y [batch, out]; overwritten
     */
    void multiply(DeviceMatrix w, boolean transposed, int batch, float[] x, float[] y) {
        int in = Math.toIntExact(transposed ? w.cols() : w.rows());
        int out = Math.toIntExact(transposed ? w.rows() : w.cols());
        int together = CudaWorkspace.Row.of(w.type(), in, out).together();
        for (int first = 0; first < batch; first += together) {
            int rows = Math.min(together, batch - first);
            DeviceBuffer result = switch (w.type()) {
                case F32 -> multiply(w, transposed, rows, x, first * in, in, out);
                case BF16 -> multiplyPlanes(w, transposed, rows, x, first * in, in, out);
            };
            long bytes = (long) rows * out * Float.BYTES;
            MemorySegment pinned = work.out(bytes);
            work.download(result, bytes, pinned, 0);
            device.synchronize();
            MemorySegment.copy(pinned, FLOAT, 0, y, first * out, rows * out);
        }
    }

    private DeviceBuffer multiply(
            DeviceMatrix w, boolean transposed, int rows, float[] x, int offset, int in, int out) {
        DeviceBuffer result = work.area(Area.Y, (long) rows * out * Float.BYTES);
        DeviceMatrix upload = DeviceMatrix.of(upload(x, offset, rows * in), DeviceType.F32, in, rows);
        blas.gemm(1, !transposed, w, false, upload, 0, DeviceMatrix.of(result, DeviceType.F32, out, rows));
        return result;
    }

    private DeviceBuffer upload(float[] x, int offset, int count) {
        long bytes = (long) count * Float.BYTES;
        DeviceBuffer area = work.area(Area.X, bytes);
        MemorySegment pinned = work.in(bytes);
        MemorySegment.copy(x, offset, pinned, FLOAT, 0, count);
        work.upload(pinned, 0, bytes, area);
        return area;
    }

    /** All planes are multiplied as rows of one product, which reads the weights once, and added up. */
    private DeviceBuffer multiplyPlanes(
            DeviceMatrix w, boolean transposed, int rows, float[] x, int offset, int in, int out) {
        int count = rows * in;
        if (planes.length < Bf16Planes.MOST * count) {
            planes = new short[Bf16Planes.MOST * count];
        }
        int used = Bf16Planes.split(x, offset, count, planes);
        long bytes = (long) used * count * Short.BYTES;
        DeviceBuffer to = work.area(Area.X, bytes);
        MemorySegment pinned = work.in(bytes);
        MemorySegment.copy(planes, 0, pinned, SHORT, 0, used * count);
        work.upload(pinned, 0, bytes, to);
        DeviceBuffer products = work.area(Area.PLANES, (long) used * rows * out * Float.BYTES);
        blas.gemm(
                1,
                !transposed,
                w,
                false,
                DeviceMatrix.of(to, DeviceType.BF16, in, (long) used * rows),
                0,
                DeviceMatrix.of(products, DeviceType.F32, out, (long) used * rows));
        if (used == 1) {
            return products;
        }
        DeviceBuffer result = work.area(Area.Y, (long) rows * out * Float.BYTES);
        DeviceMatrix byPlane = DeviceMatrix.of(products, DeviceType.F32, (long) rows * out, used);
        blas.gemv(1, false, byPlane, ones(), 0, result);
        return result;
    }

    private DeviceBuffer ones() {
        if (ones == null) {
            DeviceBuffer buffer = device.allocate(Bf16Planes.MOST * Float.BYTES);
            device.upload(MemorySegment.ofArray(new float[] {1, 1, 1}), buffer, 0);
            ones = buffer;
        }
        return ones;
    }

    /**
     * {@code y[i] = U (scales[i] .* (Vᵀ x[i]))}, or adds it to y where a row has a scale. All stays on the device between its
     * three steps.
     *
     * @param u [out, rank], row-major: on the device its transpose, column-major
     * @param v [in, rank] likewise; [rank, in] if transposed
     * @param batch rows
     * @param x [batch, in]
     * @param scales [batch][rank]; null for a row that has none
     * @param kept [batch, rank]: overwritten with {@code Vᵀ x[i]}; null for nothing kept
     * @param add whether y is accumulated into
     * @param y [batch, out]
     */
    void svf(
            DeviceMatrix u,
            DeviceMatrix v,
            boolean transposed,
            int batch,
            float[] x,
            float[][] scales,
            float[] kept,
            boolean add,
            float[] y) {
        int in = Math.toIntExact(transposed ? v.rows() : v.cols());
        int rank = Math.toIntExact(u.rows());
        int out = Math.toIntExact(u.cols());
        int together = CudaWorkspace.Row.of(in, rank, out).together();
        for (int first = 0; first < batch; first += together) {
            int rows = Math.min(together, batch - first);
            long resultBytes = (long) rows * out * Float.BYTES;
            long keptBytes = kept == null ? 0 : (long) rows * rank * Float.BYTES;
            DeviceBuffer projected = work.area(Area.PROJECTED, (long) rows * rank * Float.BYTES);
            DeviceBuffer result = work.area(Area.Y, resultBytes);
            MemorySegment pinned = work.out(resultBytes + keptBytes);
            DeviceMatrix t = DeviceMatrix.of(projected, DeviceType.F32, rank, rows);
            int scaleCount = upload(x, first, rows, in, scales, rank);
            DeviceMatrix xs = DeviceMatrix.of(work.area(Area.X, 0), DeviceType.F32, in, rows);
            blas.gemm(1, transposed, v, false, xs, 0, t);
            if (kept != null) {
                work.download(projected, keptBytes, pinned, resultBytes);
            }
            // one scale for all rows, or one for each element
            DeviceMatrix scaled = DeviceMatrix.of(projected, DeviceType.F32, scaleCount, rows * rank / scaleCount);
            blas.scaleRows(scaled, work.area(Area.SCALES, 0), scaled);
            blas.gemm(1, true, u, false, t, 0, DeviceMatrix.of(result, DeviceType.F32, out, rows));
            work.download(result, resultBytes, pinned, 0);
            device.synchronize();
            if (add) {
                add(pinned, first, rows, out, scales, y);
            } else {
                MemorySegment.copy(pinned, FLOAT, 0, y, first * out, rows * out);
            }
            if (kept != null) {
                MemorySegment.copy(pinned, FLOAT, resultBytes, kept, first * rank, rows * rank);
            }
        }
    }

    /**
     * Queues the upload of rows and their scales.
     *
     * @return scales: rank where all rows share theirs, else rank for each row, zeros where it has none
     */
    private int upload(float[] x, int first, int rows, int in, float[][] scales, int rank) {
        boolean shared = scales[first] != null;
        for (int i = first + 1; i < first + rows && shared; i++) {
            shared = scales[i] == scales[first];
        }
        int scaleCount = shared ? rank : rows * rank;
        long xBytes = (long) rows * in * Float.BYTES;
        long scaleBytes = (long) scaleCount * Float.BYTES;
        DeviceBuffer xArea = work.area(Area.X, xBytes);
        DeviceBuffer scaleArea = work.area(Area.SCALES, scaleBytes);
        MemorySegment pinned = work.in(xBytes + scaleBytes);
        MemorySegment.copy(x, first * in, pinned, FLOAT, 0, rows * in);
        for (int i = 0; i < scaleCount / rank; i++) {
            long at = xBytes + (long) i * rank * Float.BYTES;
            float[] scale = scales[first + i];
            if (scale == null) {
                pinned.asSlice(at, (long) rank * Float.BYTES).fill((byte) 0);
            } else {
                MemorySegment.copy(scale, 0, pinned, FLOAT, at, rank);
            }
        }
        work.upload(pinned, 0, xBytes, xArea);
        work.upload(pinned, xBytes, scaleBytes, scaleArea);
        return scaleCount;
    }

    private void add(MemorySegment pinned, int first, int rows, int out, float[][] scales, float[] y) {
        if (added.length < out) {
            added = new float[out];
        }
        for (int i = 0; i < rows; i++) {
            if (scales[first + i] != null) {
                MemorySegment.copy(pinned, FLOAT, (long) i * out * Float.BYTES, added, 0, out);
                int offset = (first + i) * out;
                for (int k = 0; k < out; k++) {
                    y[offset + k] += added[k];
                }
            }
        }
    }
}
