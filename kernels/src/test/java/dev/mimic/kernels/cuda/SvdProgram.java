package dev.mimic.kernels.cuda;

import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;

/** A singular value decomposition with raw calls, put together again on the processor. */
final class SvdProgram implements ShimProgram {
    static final int M = 7;
    static final int N = 4;

    Consumer<SvdProgram> fault = program -> {};
    int workElements;
    long workBytes;
    int lwork;
    int ldu = M;
    int ldvt = N;
    int job = 'S';
    boolean infoOnHost;
    boolean exchangeSides;
    boolean resultFromA;
    boolean vForVt;

    @Override
    public String run(CudaDevice device) {
        Cusolver cusolver = device.cuda().solver();
        DeviceArrays arrays = new DeviceArrays(device);
        float[] values = DeviceArrays.random(SeededCases.generator(4), M * N);
        int m = M;
        int n = N;
        try (Arena arena = Arena.ofConfined();
                DeviceBuffer a = arrays.buffer(values);
                DeviceBuffer sigma = device.allocate(4L * N);
                DeviceBuffer u = device.allocate(4L * M * N);
                DeviceBuffer vt = device.allocate(4L * N * N);
                DeviceBuffer info = device.allocate(4)) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
            device.checkSolver("cusolverDnSgesvd_bufferSize", cusolver.gesvdWorkspace(device.solver(), m, n, out), "");
            workElements = out.get(ValueLayout.JAVA_INT, 0);
            workBytes = 0;
            lwork = 0;
            fault.accept(this);
            workBytes = workBytes == 0 ? 4L * workElements : workBytes;
            lwork = lwork == 0 ? workElements : lwork;
            if (exchangeSides) {
                m = N;
                n = M;
            }
            try (DeviceBuffer work = device.allocate(workBytes)) {
                long infoAt = infoOnHost ? out.address() : info.address(0, 4);
                device.checkSolver(
                        "cusolverDnSgesvd",
                        cusolver.gesvd(
                                device.solver(),
                                (byte) job,
                                (byte) job,
                                m,
                                n,
                                a.address(0, 4),
                                m,
                                sigma.address(0, 4),
                                u.address(0, 4),
                                ldu,
                                vt.address(0, 4),
                                ldvt,
                                work.address(0, 4),
                                lwork,
                                0,
                                infoAt),
                        "");
                device.synchronize();
            }
            float[] found = resultFromA
                    ? arrays.floats(a, M * N)
                    : product(arrays.floats(u, M * N), arrays.floats(sigma, N), arrays.floats(vt, N * N));
            double[] expected = new double[M * N];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = values[i];
            }
            // sigma is at most the norm, the others at most 1; each is rounded once, their N products and sums too
            double norm = Math.sqrt(M * N) * ShimProgram.largest(values);
            return ShimProgram.difference(expected, found, (N + 5) * 0x1p-24 * N * norm);
        }
    }

    private float[] product(float[] u, float[] sigma, float[] vt) {
        float[] product = new float[M * N];
        for (int col = 0; col < N; col++) {
            for (int row = 0; row < M; row++) {
                for (int r = 0; r < N; r++) {
                    product[col * M + row] += u[r * M + row] * sigma[r] * (vForVt ? vt[r * N + col] : vt[col * N + r]);
                }
            }
        }
        return product;
    }
}
