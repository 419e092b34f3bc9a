package dev.mimic.kernels.cuda;

import dev.mimic.kernels.check.CheckResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.function.Consumer;

/** What a device's memory does: how fast it is filled, whether it comes back, what happens where there is no more. */
final class MemoryChecks {
    private static final long MOST = 256L << 20;
    private static final int CYCLES = 1000;
    private static final long CYCLE_BYTES = 1 << 20;
    private static final int WORDS = 251;

    private final CudaDevice device;

    MemoryChecks(CudaDevice device) {
        this.device = device;
    }

    void addTo(Consumer<CudaCheck.Check> checks) {
        checks.accept(new CudaCheck.Check("upload, pinned", () -> upload("upload, pinned", this::pinned)));
        checks.accept(new CudaCheck.Check("upload, mapped", () -> upload("upload, mapped", this::mapped)));
        checks.accept(new CudaCheck.Check("upload, unstaged", () -> upload("upload, unstaged", this::direct)));
        checks.accept(new CudaCheck.Check("memory comes back", this::cycles));
        checks.accept(new CudaCheck.Check("out of memory", this::exhausted));
    }

    /** A way to fill a buffer with {@link #word}; gives milliseconds. */
    @FunctionalInterface
    private interface Upload {
        double run(DeviceBuffer target);
    }

    private CheckResult upload(String name, Upload way) {
        long bytes = Math.min(MOST, device.memory().free() / 8) / Long.BYTES * Long.BYTES;
        try (DeviceBuffer buffer = device.allocate(bytes);
                Arena arena = Arena.ofShared()) {
            double millis = way.run(buffer);
            MemorySegment back = arena.allocate(bytes, Long.BYTES);
            device.download(buffer, 0, back);
            long wrong = 0;
            for (long i = 0; i < bytes / Long.BYTES; i++) {
                wrong += back.getAtIndex(ValueLayout.JAVA_LONG, i) == word(i) ? 0 : 1;
            }
            String shape = String.format(Locale.ROOT, "%.0f MiB", bytes / (double) (1 << 20));
            return CheckResult.of(name, shape, (double) wrong, 0).timed(millis, (double) bytes, "B/s");
        }
    }

    private static long word(long index) {
        return index % WORDS * 0x0101_0101_0101_0101L + index;
    }

    private static void fill(MemorySegment memory) {
        for (long i = 0; i < memory.byteSize() / Long.BYTES; i++) {
            memory.setAtIndex(ValueLayout.JAVA_LONG, i, word(i));
        }
    }

    /** As fast as it goes: the device reads pinned memory. */
    private double pinned(DeviceBuffer target) {
        return device.call(() -> {
            PinnedBuffer host = PinnedBuffer.allocate(device.cuda().runtime(), target.bytes());
            try {
                fill(host.memory());
                return Stopwatch.millis(device, () -> copy(target, host.memory().address()));
            } finally {
                device.synchronize();
                host.free(device.cuda().runtime());
            }
        });
    }

    /** As weights go: from a file that is mapped, through two pieces of pinned memory. */
    private double mapped(DeviceBuffer target) {
        return fromFile(target, file -> Stopwatch.millis(device, () -> device.upload(file, target, 0)));
    }

    /** From a file that is mapped; the driver pins or stages it. */
    private double direct(DeviceBuffer target) {
        return fromFile(target, file -> Stopwatch.millis(device, () -> device.run(() -> copy(target, file.address()))));
    }

    private void copy(DeviceBuffer target, long source) {
        device.copy(target.address(0, target.bytes()), source, target.bytes(), CudaConstants.cudaMemcpyHostToDevice);
    }

    private static double fromFile(DeviceBuffer target, java.util.function.ToDoubleFunction<MemorySegment> work) {
        try {
            Path file = Files.createTempFile("mimic-cuda-check", ".bin");
            try (FileChannel channel = FileChannel.open(
                            file,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.DELETE_ON_CLOSE);
                    Arena arena = Arena.ofShared()) {
                fill(channel.map(FileChannel.MapMode.READ_WRITE, 0, target.bytes(), arena));
                return work.applyAsDouble(channel.map(FileChannel.MapMode.READ_ONLY, 0, target.bytes(), arena));
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What is free before and after many buffers, the error being bytes for each that was not given back. */
    private CheckResult cycles() {
        device.allocate(CYCLE_BYTES).close(); // a driver keeps something of the first
        long before = device.memory().free();
        long start = System.nanoTime();
        for (int i = 0; i < CYCLES; i++) {
            device.allocate(CYCLE_BYTES).close();
        }
        double millis = (System.nanoTime() - start) * 1e-6;
        double lost = Math.max(0, (before - device.memory().free()) / (double) CYCLE_BYTES);
        // other processes may use the device at the same time; what is lost each time is a thousand buffers
        return CheckResult.of("memory comes back", CYCLES + " x 1 MiB", lost, 32)
                .timed(millis / CYCLES);
    }

    /** More than there is gives an exception, and the device goes on. */
    private CheckResult exhausted() {
        CudaDevice.Memory memory = device.memory();
        String said;
        try {
            device.allocate(memory.total() + CYCLE_BYTES).close();
            return CheckResult.of(
                    CheckResult.Outcome.FAIL,
                    "out of memory",
                    "more than the device has was given: " + (memory.total() + CYCLE_BYTES) + " bytes");
        } catch (CudaException e) {
            if (e.status() != CudaConstants.cudaErrorMemoryAllocation) {
                throw e;
            }
            said = e.getMessage();
        }
        GemmCheck after = GemmCheck.square("out of memory", GemmCheck.Way.F32, 16);
        CheckResult result = after.run(device);
        return result.outcome() == CheckResult.Outcome.OK
                ? CheckResult.of(CheckResult.Outcome.OK, "out of memory", said)
                : result;
    }
}
