package dev.mimic.kernels.cuda;

import dev.mimic.kernels.check.CheckResult;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Matrices beyond what 32 bits count, where the device has the memory. */
final class LargeChecks {
    /** Four bytes of it are a float near 0.747, two a bf16 of 0.74609375. */
    private static final int FILL = 0x3F;

    private static final double FILL_BF16 = 0.74609375;
    private static final float FILL_F32 = Float.intBitsToFloat(0x3F3F3F3F);
    private static final int ROWS = 1 << 16;
    private static final int COLS = (1 << 15) + 8;
    private static final long LONG_SIDE = (1L << 31) + 8;
    private static final long SPARE = 256L << 20;

    private final CudaDevice device;

    LargeChecks(CudaDevice device) {
        this.device = device;
    }

    void addTo(Consumer<CudaCheck.Check> checks) {
        long elements = (long) ROWS * COLS;
        add(checks, "gemm, 2^31 elements", elements * Short.BYTES, this::product);
        add(checks, "scale, side 2^31", LONG_SIDE * Float.BYTES, this::longSide);
    }

    private void add(Consumer<CudaCheck.Check> checks, String name, long bytes, Supplier<CheckResult> work) {
        checks.accept(new CudaCheck.Check(name, () -> {
            long free = device.memory().free();
            if (free < bytes + SPARE) {
                return CheckResult.of(
                        CheckResult.Outcome.SKIPPED,
                        name,
                        String.format(
                                Locale.ROOT,
                                "needs %.2f GiB, %.2f are free",
                                (bytes + SPARE) / (double) (1 << 30),
                                free / (double) (1 << 30)));
            }
            return work.get();
        }));
    }

    /** A product whose last column lies beyond 2^31 elements: all is one number but that column. */
    private CheckResult product() {
        DeviceArrays arrays = new DeviceArrays(device);
        float[] last = new float[ROWS];
        for (int i = 0; i < ROWS; i++) {
            last[i] = i % 256; // bf16 holds these
        }
        float[] x = new float[COLS];
        Arrays.fill(x, COLS - 16, COLS, 1);
        try (DeviceBuffer a = device.allocate((long) ROWS * COLS * Short.BYTES);
                DeviceBuffer lastColumn = arrays.bf16(last);
                DeviceBuffer bufferX = arrays.bf16(x);
                DeviceBuffer y = device.allocate((long) ROWS * Float.BYTES)) {
            device.fill(a, FILL);
            long at = (long) ROWS * (COLS - 1) * Short.BYTES;
            device.run(() -> device.copy(
                    a.address(at, lastColumn.bytes()),
                    lastColumn.address(0, lastColumn.bytes()),
                    lastColumn.bytes(),
                    CudaConstants.cudaMemcpyDeviceToDevice));
            CudaBlas blas = new CudaBlas(device);
            DeviceMatrix matrix = DeviceMatrix.of(a, DeviceType.BF16, ROWS, COLS);
            DeviceMatrix vector = DeviceMatrix.of(bufferX, DeviceType.BF16, COLS, 1);
            DeviceMatrix result = DeviceMatrix.of(y, DeviceType.F32, ROWS, 1);
            double millis = Stopwatch.millis(device, () -> blas.gemm(1, false, matrix, false, vector, 0, result));
            float[] found = arrays.floats(y, ROWS);
            double worst = 0;
            for (int i = 0; i < ROWS; i++) {
                worst = Math.max(worst, Math.abs(found[i] / (15 * FILL_BF16 + last[i]) - 1));
            }
            return CheckResult.of(
                            "gemm, 2^31 elements", "[" + ROWS + ", " + COLS + "]", worst, 4 * Math.sqrt(COLS) * 0x1p-24)
                    .timed(millis, 2.0 * ROWS * COLS, "FLOP/s");
        }
    }

    /** A side that only the 64-bit form of a function takes: all elements doubled. */
    private CheckResult longSide() {
        DeviceArrays arrays = new DeviceArrays(device);
        try (DeviceBuffer a = device.allocate(LONG_SIDE * Float.BYTES);
                DeviceBuffer two = arrays.buffer(new float[] {2})) {
            device.fill(a, FILL);
            CudaBlas blas = new CudaBlas(device);
            DeviceMatrix matrix = DeviceMatrix.of(a, DeviceType.F32, LONG_SIDE, 1);
            double millis = Stopwatch.once(device, () -> blas.scaleCols(matrix, two, matrix));
            double worst = 0;
            float[] values = new float[1024];
            for (long from : new long[] {0, LONG_SIDE / 2, LONG_SIDE - values.length}) {
                device.download(a, from * Float.BYTES, java.lang.foreign.MemorySegment.ofArray(values));
                for (float value : values) {
                    worst = Math.max(worst, Math.abs(value / (2.0 * FILL_F32) - 1));
                }
            }
            return CheckResult.of("scale, side 2^31", "[" + LONG_SIDE + ", 1]", worst, 0x1p-24)
                    .timed(millis, (double) LONG_SIDE, "FLOP/s");
        }
    }
}
