package dev.mimic.engine.model;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.Quantization;
import dev.mimic.kernels.matrix.QuantizedFormat;
import dev.mimic.loader.InvalidModelException;
import java.lang.foreign.Arena;

/**
 * Rounds matrices while a model is loaded. Embeddings and head get 8 bits whatever the format: they are a large part of a
 * small model's error, and a small one of a large model's bytes.
 */
public final class QuantizingLoader {
    /** Hears what is done. */
    @FunctionalInterface
    public interface Listener {
        /** A weight is next. */
        void next(String weight);
    }

    private final QuantizedFormat format;
    private final Arena arena;
    private final WorkerPool pool;
    private final Listener listener;

    /**
     * Makes a loader.
     *
     * @param format of linear layers
     * @param arena keeps the matrices; its owner closes it after the model
     */
    public QuantizingLoader(QuantizedFormat format, Arena arena, WorkerPool pool, Listener listener) {
        this.format = format;
        this.arena = arena;
        this.pool = pool;
        this.listener = listener;
    }

    /** The format of embeddings and head. */
    public static QuantizedFormat ofTables(QuantizedFormat format) {
        return switch (format) {
            case Q8, Q4 -> QuantizedFormat.Q8;
        };
    }

    /** A linear layer. */
    Matrix linear(String file, String name, Matrix w) {
        return quantize(file, name, w, format);
    }

    /** Embeddings or head. */
    Matrix table(String file, String name, Matrix w) {
        return quantize(file, name, w, ofTables(format));
    }

    private Matrix quantize(String file, String name, Matrix w, QuantizedFormat to) {
        if (w instanceof Matrix.Q8 || w instanceof Matrix.Q4) {
            throw new InvalidModelException(
                    file, "tensor '" + name + "': it is quantized already, expected a plain model to quantize");
        }
        listener.next(name);
        return quantized(file, name, w, to, arena, pool).matrix();
    }

    /**
     * Quantizes a weight.
     *
     * @param file the name of its file or folder, for messages
     * @throws InvalidModelException if a number is not finite
     */
    public static Quantization.Result quantized(
            String file, String name, Matrix w, QuantizedFormat to, Arena arena, WorkerPool pool) {
        try {
            return Quantization.quantize(w, to, arena, pool);
        } catch (IllegalArgumentException e) {
            throw new InvalidModelException(file, "tensor '" + name + "': " + e.getMessage());
        }
    }
}
