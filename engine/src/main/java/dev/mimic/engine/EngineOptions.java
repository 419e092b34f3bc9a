package dev.mimic.engine;

import dev.mimic.engine.model.KeyValueCache;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.backend.Device;
import dev.mimic.loader.model.ModelConfig;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * How an engine is opened. {@link #DEFAULTS} suits most; every {@code with…} method gives a changed copy.
 *
 * @param threads threads that compute; 0 for as many as there are processors; of no effect with a shared pool
 * @param contextLength positions a sequence may have; empty for the model's {@code max_position_embeddings}
 * @param factors folder of factors that {@code mimic decompose} wrote; empty for none
 * @param form how factors are applied
 * @param transfer accepts factors of another base model
 * @param pool a pool shared with others, which its owner closes after the engine; empty for one of the engine's own
 * @param backend chooses the kernels for a pool, where the processor computes; the engine closes what it gives
 * @param blockSize rows of a prompt that go through the model together
 * @param maxBatch rows decoded together
 * @param clock nanoseconds that deadlines go by, from any start; read by several threads
 * @param cacheBytes keys and values of the rows decoded together at most; a row that would exceed it waits, unless it is
 *     alone
 * @param keyValueType how cached keys and values are held; training always has F32
 * @param quantize rounds the weights while they are loaded; empty for as they are
 * @param placement where linear layers and head are multiplied
 */
public record EngineOptions(
        int threads,
        OptionalInt contextLength,
        Optional<Path> factors,
        Form form,
        boolean transfer,
        Optional<WorkerPool> pool,
        Function<WorkerPool, Backend> backend,
        int blockSize,
        int maxBatch,
        LongSupplier clock,
        long cacheBytes,
        CacheFormat keyValueType,
        Optional<Quantize> quantize,
        Placement placement) {

    /** Bits that weights are rounded to. */
    public enum WeightFormat {
        /** Eight, with a scale per 32 columns. */
        Q8,
        /** Four, with a scale per 32 columns; embeddings and head get eight. */
        Q4
    }

    /**
     * Rounding of plain weights while they are loaded. Layers in factors stay as they are.
     *
     * @param listener hears the name of each weight before it is rounded
     */
    public record Quantize(WeightFormat format, Consumer<String> listener) {}

    /**
     * Where linear layers and head are multiplied. All else is the processor's. A GPU holds no quantized weights, and its
     * results are those of the processor but for rounding, which may depend on the rows of a batch. Never run on a GPU yet.
     *
     * @param device a GPU is an error where it cannot be used or does not hold the model; {@link Device#AUTO} and
     *     {@link Device#UNASKED} are the processor then, and without a look for a GPU where weights are quantized
     * @param listener hears of the upload and of what was chosen
     */
    public record Placement(Device device, DeviceListener listener) {
        /** The processor. */
        public static final Placement PROCESSOR = new Placement(Device.CPU, DeviceListener.SILENT);

        /**
         * Opens a GPU that is asked for and gives it back, before long work: what is copied there is for {@link Engine#open}
         * to say. Does nothing where none is asked for.
         *
         * @throws IllegalArgumentException if it cannot be used, saying why
         */
        public void requireUsable() {
            if (!device.isRequired()) {
                return;
            }
            try (WorkerPool pool = WorkerPool.of(1)) {
                Backend.open(device, pool, listener::note).close();
            }
        }
    }

    /** How factors are applied. */
    public enum Form {
        /** U and V replace W for every row. */
        FACTORED,
        /** U and V correct W where z is not 1; rows of the base model are exactly those of the model without factors. */
        RESIDUAL,
        /** Factored if the factors are of full rank, else residual. */
        AUTO
    }

    /** How cached keys and values are held. */
    public enum CacheFormat {
        /** As computed. */
        F32(KeyValueType.F32),
        /** Rounded to bfloat16. */
        BF16(KeyValueType.BF16),
        /** Eight bits, with a factor for each position and head. */
        Q8(KeyValueType.Q8);

        private final KeyValueType type;

        CacheFormat(KeyValueType type) {
            this.type = type;
        }

        KeyValueType type() {
            return type;
        }

        /** Bytes that a sequence of that many positions takes. */
        public long bytes(ModelConfig config, int positions) {
            return KeyValueCache.bytes(config, type, positions);
        }
    }

    /** All processors, the model's context, no factors. */
    public static final EngineOptions DEFAULTS = new EngineOptions(
            0,
            OptionalInt.empty(),
            Optional.empty(),
            Form.AUTO,
            false,
            Optional.empty(),
            Backend::best,
            512,
            32,
            System::nanoTime,
            Long.MAX_VALUE,
            CacheFormat.F32,
            Optional.empty(),
            Placement.PROCESSOR);

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException naming the field and the value
     */
    public EngineOptions {
        require(threads >= 0, "threads", threads, "0 or more");
        require(contextLength.orElse(1) >= 1, "context length", contextLength.orElse(1), "at least 1");
        require(blockSize >= 1, "block size", blockSize, "at least 1");
        require(maxBatch >= 1, "max batch", maxBatch, "at least 1");
        require(cacheBytes >= 1, "cache bytes", cacheBytes, "at least 1");
    }

    private static void require(boolean holds, String name, long value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException("engine: " + name + " is " + value + ", expected " + expected);
        }
    }

    public EngineOptions withThreads(int value) {
        return change(c -> c.threads = value);
    }

    public EngineOptions withContextLength(int value) {
        return change(c -> c.contextLength = OptionalInt.of(value));
    }

    public EngineOptions withFactors(Path value) {
        return change(c -> c.factors = Optional.of(value));
    }

    public EngineOptions withForm(Form value) {
        return change(c -> c.form = value);
    }

    public EngineOptions withTransfer(boolean value) {
        return change(c -> c.transfer = value);
    }

    public EngineOptions withPool(WorkerPool value) {
        return change(c -> c.pool = Optional.of(value));
    }

    public EngineOptions withBackend(Function<WorkerPool, Backend> value) {
        return change(c -> c.backend = value);
    }

    public EngineOptions withBlockSize(int value) {
        return change(c -> c.blockSize = value);
    }

    public EngineOptions withMaxBatch(int value) {
        return change(c -> c.maxBatch = value);
    }

    public EngineOptions withClock(LongSupplier value) {
        return change(c -> c.clock = value);
    }

    public EngineOptions withCacheBytes(long value) {
        return change(c -> c.cacheBytes = value);
    }

    public EngineOptions withKeyValueType(CacheFormat value) {
        return change(c -> c.keyValueType = value);
    }

    public EngineOptions withQuantize(Quantize value) {
        return change(c -> c.quantize = Optional.of(value));
    }

    /** Multiplies on a device, with nobody who hears of it: {@link #withDevice(Device, DeviceListener)}. */
    public EngineOptions withDevice(Device value) {
        return withDevice(value, DeviceListener.SILENT);
    }

    /**
     * Multiplies linear layers and head on a device. It is looked for when the engine is opened, and not before: {@link
     * Engine#open} is then an {@link IllegalArgumentException} where a GPU that is asked for by {@link Device#cuda} cannot be
     * used, does not hold the model, or the weights are quantized; with {@link Device#AUTO} and {@link Device#UNASKED} the
     * processor computes. The engine opens the device, holds a copy of the weights there (bytes as {@link
     * DeviceListener#uploaded} counts them) and gives it back when it is closed; several engines may share a GPU.
     *
     * @param listener told while the engine is opened, and once by the engine's own thread if an error ends the GPU: that
     *     request fails, those after it are the processor's
     */
    public EngineOptions withDevice(Device value, DeviceListener listener) {
        return change(c -> c.placement = new Placement(value, listener));
    }

    private EngineOptions change(Consumer<Changed> change) {
        Changed changed = new Changed(this);
        change.accept(changed);
        return changed.options();
    }

    /** The fields of a copy, open for a change. */
    private static final class Changed {
        private int threads;
        private OptionalInt contextLength;
        private Optional<Path> factors;
        private Form form;
        private boolean transfer;
        private Optional<WorkerPool> pool;
        private Function<WorkerPool, Backend> backend;
        private int blockSize;
        private int maxBatch;
        private LongSupplier clock;
        private long cacheBytes;
        private CacheFormat keyValueType;
        private Optional<Quantize> quantize;
        private Placement placement;

        Changed(EngineOptions from) {
            threads = from.threads;
            contextLength = from.contextLength;
            factors = from.factors;
            form = from.form;
            transfer = from.transfer;
            pool = from.pool;
            backend = from.backend;
            blockSize = from.blockSize;
            maxBatch = from.maxBatch;
            clock = from.clock;
            cacheBytes = from.cacheBytes;
            keyValueType = from.keyValueType;
            quantize = from.quantize;
            placement = from.placement;
        }

        EngineOptions options() {
            return new EngineOptions(
                    threads,
                    contextLength,
                    factors,
                    form,
                    transfer,
                    pool,
                    backend,
                    blockSize,
                    maxBatch,
                    clock,
                    cacheBytes,
                    keyValueType,
                    quantize,
                    placement);
        }
    }
}
