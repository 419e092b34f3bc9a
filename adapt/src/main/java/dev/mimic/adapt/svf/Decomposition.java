package dev.mimic.adapt.svf;

import dev.mimic.kernels.svd.Svd;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One weight taken apart, in memory.
 *
 * @param weight its whole name
 * @param svd the factors, rounded to the type they are stored in
 * @param dtype the type of U and V when stored
 * @param report how good it is
 */
public record Decomposition(String weight, Svd svd, DType dtype, MatrixReport report) {
    /**
     * The tensors, named {@code prefix + "U"}, {@code "S"} and {@code "V"}: U [out, rank], S [rank] F32, V [in, rank]. In 8 bits
     * {@code "VT"} [rank, in] is in V's place, and {@code "US"} and {@code "VS"} [rank] F32 are the scales of the columns.
     */
    public List<TensorView> tensors(String prefix) {
        if (dtype == DType.I8) {
            return eightBits(prefix);
        }
        return List.of(
                TensorView.of(prefix + "U", dtype, StoredFloats.encode(dtype, svd.u()), svd.rows(), svd.rank()),
                vector(prefix + "S", svd.sigma()),
                TensorView.of(prefix + "V", dtype, StoredFloats.encode(dtype, svd.v()), svd.cols(), svd.rank()));
    }

    private List<TensorView> eightBits(String prefix) {
        RoundedColumns u = RoundedColumns.of(svd.u(), svd.rows(), svd.rank());
        RoundedColumns v = RoundedColumns.of(svd.v(), svd.cols(), svd.rank());
        return List.of(
                TensorView.of(prefix + "U", DType.I8, u.bytes(), svd.rows(), svd.rank()),
                vector(prefix + "US", u.scales()),
                vector(prefix + "S", svd.sigma()),
                TensorView.of(prefix + "VT", DType.I8, v.transposedBytes(), svd.rank(), svd.cols()),
                vector(prefix + "VS", v.scales()));
    }

    private static TensorView vector(String name, float[] values) {
        return TensorView.of(name, DType.F32, StoredFloats.encode(DType.F32, values), values.length);
    }

    /** [rank], descending; a copy. */
    public float[] sigma() {
        return svd.sigma().clone();
    }

    /**
     * Writes U, S and V under the weight's name, whole or not at all.
     *
     * @param metadata further texts
     */
    public void write(Path file, Map<String, String> metadata) {
        Map<String, String> texts = new LinkedHashMap<>(metadata);
        texts.put("weight", weight);
        texts.put("error", Double.toString(report.relativeError()));
        texts.put("orthogonality", Double.toString(report.orthogonality()));
        texts.put("seconds", Double.toString(report.seconds()));
        SafetensorsWriter.write(file, tensors(weight + "."), texts);
    }
}
