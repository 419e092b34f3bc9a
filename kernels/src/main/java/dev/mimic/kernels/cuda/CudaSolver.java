package dev.mimic.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Decompositions in a device's memory, column-major, in f32. A method returns when its work is done. */
final class CudaSolver {
    private final CudaDevice device;
    private final Cusolver cusolver;

    /**
     * Makes one.
     *
     * @throws UnsupportedOperationException saying why there is no cuSOLVER
     */
    CudaSolver(CudaDevice device) {
        device.solver();
        this.device = device;
        this.cusolver = device.cuda().solver();
    }

    /**
     * Thin singular value decomposition: {@code a = u · diag(sigma) · vt}, values descending.
     *
     * @param a [m, n] with m ≥ n; destroyed
     * @param sigma [n] floats; overwritten
     * @param u [m, n]; overwritten
     * @param vt [n, n]; overwritten; V transposed
     * @throws NoDecompositionException if it does not converge
     */
    void svd(DeviceMatrix a, DeviceBuffer sigma, DeviceMatrix u, DeviceMatrix vt) {
        int m = size("svd", a.rows());
        int n = size("svd", a.cols());
        // the library computes a workspace for m < n too, of size 0, and fails later
        if (m < n || n == 0) {
            throw new IllegalArgumentException(
                    "svd: a is " + a.shape() + ", expected rows >= cols > 0; take the transpose");
        }
        requireShape("svd: u", u, m, n);
        requireShape("svd: vt", vt, n, n);
        requireF32("svd: a", a);
        device.run(() -> {
            int elements = workspace(
                    "cusolverDnSgesvd_bufferSize",
                    a.shape(),
                    out -> cusolver.gesvdWorkspace(device.solver(), m, n, out));
            try (DeviceBuffer work = device.allocate(floats(elements));
                    DeviceBuffer info = device.allocate(Integer.BYTES)) {
                int status = cusolver.gesvd(
                        device.solver(),
                        (byte) 'S',
                        (byte) 'S',
                        m,
                        n,
                        a.address(),
                        leading(a),
                        sigma.address(0, floats(n)),
                        u.address(),
                        leading(u),
                        vt.address(),
                        leading(vt),
                        work.address(0, work.bytes()),
                        elements,
                        0,
                        info.address(0, Integer.BYTES));
                device.checkSolver("cusolverDnSgesvd", status, "a " + a.shape());
                checkInfo("cusolverDnSgesvd", info, a);
            }
        });
    }

    /** Bytes that {@link #svd} of a matrix [m, n] takes besides its operands. */
    long svdWorkspace(int m, int n) {
        return device.call(() -> floats(workspace(
                        "cusolverDnSgesvd_bufferSize",
                        "[" + m + ", " + n + "]",
                        out -> cusolver.gesvdWorkspace(device.solver(), m, n, out)))
                + Integer.BYTES);
    }

    /** Bytes that {@link #orthonormalize} of a matrix [m, n] takes besides its operand. */
    long qrWorkspace(int m, int n) {
        return device.call(() -> {
            String shape = "[" + m + ", " + n + "]";
            // sizes depend on shapes alone: there is no operand yet
            int forR = workspace(
                    "cusolverDnSgeqrf_bufferSize",
                    shape,
                    out -> cusolver.geqrfWorkspace(device.solver(), m, n, 0, m, out));
            int forQ = workspace(
                    "cusolverDnSorgqr_bufferSize",
                    shape,
                    out -> cusolver.orgqrWorkspace(device.solver(), m, n, n, 0, m, 0, out));
            return floats((long) n + Math.max(forR, forQ)) + Integer.BYTES;
        });
    }

    /**
     * Replaces a matrix by orthonormal columns that span the same: the Q of {@code a = Q · R}.
     *
     * @param a [m, n] with m ≥ n; overwritten
     */
    void orthonormalize(DeviceMatrix a) {
        int m = size("qr", a.rows());
        int n = size("qr", a.cols());
        if (m < n || n == 0) {
            throw new IllegalArgumentException("qr: a is " + a.shape() + ", expected rows >= cols > 0");
        }
        requireF32("qr: a", a);
        device.run(() -> {
            int forR = workspace(
                    "cusolverDnSgeqrf_bufferSize",
                    a.shape(),
                    out -> cusolver.geqrfWorkspace(device.solver(), m, n, a.address(), leading(a), out));
            try (DeviceBuffer tau = device.allocate(floats(n));
                    DeviceBuffer info = device.allocate(Integer.BYTES)) {
                long tauAt = tau.address(0, tau.bytes());
                int forQ = workspace(
                        "cusolverDnSorgqr_bufferSize",
                        a.shape(),
                        out -> cusolver.orgqrWorkspace(device.solver(), m, n, n, a.address(), leading(a), tauAt, out));
                int elements = Math.max(forR, forQ);
                try (DeviceBuffer work = device.allocate(floats(elements))) {
                    long workAt = work.address(0, work.bytes());
                    long infoAt = info.address(0, Integer.BYTES);
                    int status = cusolver.geqrf(
                            device.solver(), m, n, a.address(), leading(a), tauAt, workAt, elements, infoAt);
                    device.checkSolver("cusolverDnSgeqrf", status, "a " + a.shape());
                    checkInfo("cusolverDnSgeqrf", info, a);
                    status = cusolver.orgqr(
                            device.solver(), m, n, n, a.address(), leading(a), tauAt, workAt, elements, infoAt);
                    device.checkSolver("cusolverDnSorgqr", status, "a " + a.shape());
                    checkInfo("cusolverDnSorgqr", info, a);
                }
            }
        });
    }

    /** A call that asks for the size of a workspace. */
    @FunctionalInterface
    private interface SizeQuery {
        /**
         * Asks.
         *
         * @param out an int: elements
         * @return the status
         */
        int ask(MemorySegment out);
    }

    private int workspace(String function, String shape, SizeQuery query) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
            device.checkSolver(function, query.ask(out), "a " + shape);
            return Math.max(1, out.get(ValueLayout.JAVA_INT, 0));
        }
    }

    /** Waits for the call, and reads what it left in {@code info}. */
    private void checkInfo(String function, DeviceBuffer info, DeviceMatrix a) {
        int[] value = new int[1];
        device.download(info, 0, MemorySegment.ofArray(value));
        if (value[0] < 0) {
            throw new IllegalStateException(function + ": argument " + -value[0] + " is wrong (a " + a.shape() + ")");
        }
        if (value[0] > 0) {
            throw new NoDecompositionException(
                    function + ": did not converge, info " + value[0] + " (a " + a.shape() + ")");
        }
    }

    private static int size(String operation, long value) {
        if (value > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    operation + ": a has a side of " + value + ", expected at most " + Integer.MAX_VALUE);
        }
        return (int) value;
    }

    private static int leading(DeviceMatrix matrix) {
        return size("leading", matrix.leading());
    }

    private static long floats(long count) {
        return count * Float.BYTES;
    }

    private static void requireShape(String name, DeviceMatrix matrix, long rows, long cols) {
        requireF32(name, matrix);
        if (matrix.rows() != rows || matrix.cols() != cols) {
            throw new IllegalArgumentException(
                    name + " is " + matrix.shape() + ", expected [" + rows + ", " + cols + "]");
        }
    }

    private static void requireF32(String name, DeviceMatrix matrix) {
        if (matrix.type() != DeviceType.F32) {
            throw new IllegalArgumentException(name + " is " + matrix.shape() + ", expected F32");
        }
    }
}
