package dev.mimic.engine.model;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.QuantizedFormat;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.model.QuantizationManifest;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.TensorView;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Turns tensors on disk into matrices in memory: the only place that maps an element type to a kind of {@link Matrix}.
 * Matrices are views of the map, without a copy; vectors are widened.
 */
public final class WeightReader {
    private final ModelDirectory directory;
    private final Optional<QuantizingLoader> quantizer;

    /** Reads from an open folder, which must outlive the matrices. */
    public WeightReader(ModelDirectory directory) {
        this(directory, Optional.empty());
    }

    /** Reads from an open folder and rounds what it reads, where a quantizer is given. */
    public WeightReader(ModelDirectory directory, Optional<QuantizingLoader> quantizer) {
        this.directory = directory;
        this.quantizer = quantizer;
    }

    private String file() {
        return String.valueOf(directory.path().getFileName());
    }

    /**
     * The matrix of that name, as it is on disk: plain, or quantized by the folder's manifest.
     *
     * @param rows rows expected
     * @param cols columns expected
     * @throws InvalidModelException naming tensor, expected and found shape or type
     */
    public Matrix matrix(String name, int rows, int cols) {
        Optional<QuantizationManifest.Entry> entry =
                directory.quantization().map(manifest -> manifest.matrices().get(name));
        if (entry.isPresent()) {
            return quantized(name, QuantizedFormat.valueOf(entry.get().format().toUpperCase(Locale.ROOT)), rows, cols);
        }
        return matrix(file(), tensor(name, List.of((long) rows, (long) cols)));
    }

    /** The same of a linear layer, rounded where a quantizer was given. */
    Matrix linear(String name, int rows, int cols) {
        Matrix w = matrix(name, rows, cols);
        return quantizer.isPresent() ? quantizer.get().linear(file(), name, w) : w;
    }

    /** The same of embeddings or the head. */
    Matrix table(String name, int rows, int cols) {
        Matrix w = matrix(name, rows, cols);
        return quantizer.isPresent() ? quantizer.get().table(file(), name, w) : w;
    }

    private Matrix quantized(String name, QuantizedFormat format, int rows, int cols) {
        String values = QuantizationManifest.values(name);
        String scales = QuantizationManifest.scales(name);
        TensorView valueTensor = tensor(values, valueShape(format, rows, cols));
        TensorView scaleTensor = tensor(scales, scaleShape(rows, cols));
        requireType(valueTensor, valueType(format));
        requireType(scaleTensor, DType.BF16);
        return format.matrix(rows, cols, valueTensor.data(), scaleTensor.data());
    }

    private void requireType(TensorView tensor, DType expected) {
        if (tensor.dtype() != expected) {
            throw new InvalidModelException(
                    directory.path(),
                    "tensor '" + tensor.name() + "': type is " + tensor.dtype() + ", expected " + expected);
        }
    }

    /** The shape of a tensor of values: [panels of rows, blocks, ints of a block, rows, bytes of an int]. */
    public static List<Long> valueShape(QuantizedFormat format, int rows, int cols) {
        return List.of(
                (long) QuantizedFormat.panels(rows),
                (long) QuantizedFormat.blocks(cols),
                (long) format.ints(),
                (long) QuantizedFormat.ROWS,
                (long) Integer.BYTES);
    }

    /** The shape of a tensor of scales: [panels of rows, blocks, rows]. */
    public static List<Long> scaleShape(int rows, int cols) {
        return List.of(
                (long) QuantizedFormat.panels(rows), (long) QuantizedFormat.blocks(cols), (long) QuantizedFormat.ROWS);
    }

    /** The type of a tensor of values: bytes of 8 bits are signed, pairs of 4 are not. */
    public static DType valueType(QuantizedFormat format) {
        return switch (format) {
            case Q8 -> DType.I8;
            case Q4 -> DType.U8;
        };
    }

    /**
     * A tensor as a matrix.
     *
     * @param file the name of its file or folder, for messages
     * @param tensor of two dimensions
     * @throws InvalidModelException naming the tensor, if it has not two dimensions or another type than F32, F16, BF16
     */
    public static Matrix matrix(String file, TensorView tensor) {
        List<Long> shape = tensor.shape();
        if (shape.size() != 2 || Math.max(shape.get(0), shape.get(1)) > Integer.MAX_VALUE) {
            throw new InvalidModelException(
                    file, "tensor '" + tensor.name() + "': shape is " + shape + ", expected a matrix");
        }
        int rows = shape.get(0).intValue();
        int cols = shape.get(1).intValue();
        return switch (tensor.dtype()) {
            case F32 -> new Matrix.F32(rows, cols, tensor.data());
            case F16 -> new Matrix.F16(rows, cols, tensor.data());
            case BF16 -> new Matrix.Bf16(rows, cols, tensor.data());
            default ->
                throw new InvalidModelException(
                        file,
                        "tensor '" + tensor.name() + "': type is " + tensor.dtype() + ", expected F32, F16 or BF16");
        };
    }

    /**
     * The vector of that name, widened to F32.
     *
     * @param size elements expected
     * @throws InvalidModelException naming tensor, expected and found shape or type
     */
    public float[] vector(String name, int size) {
        TensorView tensor = tensor(name, List.of((long) size));
        Matrix row = switch (tensor.dtype()) {
            case F32 -> new Matrix.F32(1, size, tensor.data());
            case F16 -> new Matrix.F16(1, size, tensor.data());
            case BF16 -> new Matrix.Bf16(1, size, tensor.data());
            default ->
                throw new InvalidModelException(
                        directory.path(),
                        "tensor '" + name + "': type " + tensor.dtype() + " cannot be run, expected F32, F16 or BF16");
        };
        float[] values = new float[size];
        widen(row, 0, values, 0);
        return values;
    }

    /** Whether the folder holds a tensor of that name. */
    public boolean has(String name) {
        return directory.tensor(name).isPresent();
    }

    /**
     * Copies a row of a matrix, widened exactly.
     *
     * @param y overwritten from {@code offset} for the row's columns
     */
    static void widen(Matrix matrix, int row, float[] y, int offset) {
        long first = (long) row * matrix.cols();
        for (int c = 0; c < matrix.cols(); c++) {
            y[offset + c] = matrix.get(first + c);
        }
    }

    private TensorView tensor(String name, List<Long> shape) {
        TensorView tensor = directory
                .tensor(name)
                .orElseThrow(() -> new InvalidModelException(
                        directory.path(), "tensor '" + name + "': missing, expected one of shape " + shape));
        if (!tensor.shape().equals(shape)) {
            throw new InvalidModelException(
                    directory.path(),
                    "tensor '" + name + "': shape is " + tensor.shape() + ", expected " + shape + " by config.json");
        }
        return tensor;
    }
}
