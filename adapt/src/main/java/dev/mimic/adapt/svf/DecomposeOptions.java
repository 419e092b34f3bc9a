package dev.mimic.adapt.svf;

import dev.mimic.loader.safetensors.DType;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * How weights are taken apart.
 *
 * @param targets which weights
 * @param method whole, or randomized with one of two sketches
 * @param rank singular values kept of each weight, less where a weight has less; 0 keeps all, for {@code FULL} only
 * @param oversampling columns of the sketch beyond the rank; of no account for {@code FULL}
 * @param power power iterations; of no account for {@code FULL}
 * @param seed of the sketch; of no account for {@code FULL}
 * @param dtype type of U and V on disk, F32, BF16, or I8 with a scale for each column; S is always F32
 * @param check whether what lies on disk is read back and measured, also what an earlier run finished
 */
public record DecomposeOptions(
        Targets targets, Method method, int rank, int oversampling, int power, long seed, DType dtype, boolean check) {
    /** The algorithm. */
    public enum Method {
        FULL,
        GAUSSIAN,
        SRFT;

        /** The name on the command line and in files. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public DecomposeOptions {
        if (rank < 0) {
            throw new IllegalArgumentException("decompose: rank is " + rank + ", expected at least 1, or 0 for all");
        }
        if (oversampling < 0 || power < 0) {
            throw new IllegalArgumentException(
                    "decompose: oversampling is " + oversampling + " and power " + power + ", expected at least 0");
        }
        if (dtype != DType.F32 && dtype != DType.BF16 && dtype != DType.I8) {
            throw new IllegalArgumentException("decompose: dtype is " + dtype + ", expected F32, BF16 or I8");
        }
        if (method == Method.FULL) {
            oversampling = 0;
            power = 0;
            seed = 0;
        } else if (rank == 0) {
            throw new IllegalArgumentException(
                    "decompose: method " + method.text() + " needs a rank, expected at least 1");
        }
    }

    /** All singular values of the mlp weights, in F32. */
    public static DecomposeOptions defaults() {
        return new DecomposeOptions(new Targets("mlp"), Method.FULL, 0, 10, 2, 0, DType.F32, false);
    }

    /** The same for other weights. */
    public DecomposeOptions withTargets(Targets value) {
        return new DecomposeOptions(value, method, rank, oversampling, power, seed, dtype, check);
    }

    /** The same with another rank. */
    public DecomposeOptions withRank(int value) {
        return new DecomposeOptions(targets, method, value, oversampling, power, seed, dtype, check);
    }

    /** The same by another method and with another rank. */
    public DecomposeOptions withMethod(Method value, int newRank) {
        return new DecomposeOptions(targets, value, newRank, oversampling, power, seed, dtype, check);
    }

    /** The same with another type on disk. */
    public DecomposeOptions withDtype(DType value) {
        return new DecomposeOptions(targets, method, rank, oversampling, power, seed, value, check);
    }

    /** The same, measured again from disk. */
    public DecomposeOptions withCheck() {
        return new DecomposeOptions(targets, method, rank, oversampling, power, seed, dtype, true);
    }

    /** What decides the result, as texts for a file's metadata. */
    Map<String, String> asTexts() {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("method", method.text());
        texts.put("rank", rank == 0 ? "full" : Integer.toString(rank));
        texts.put("seed", Long.toString(seed));
        texts.put("targets", targets.text());
        texts.put("oversampling", Integer.toString(oversampling));
        texts.put("power", Integer.toString(power));
        texts.put("dtype", dtype == DType.I8 ? "q8" : dtype.name().toLowerCase(Locale.ROOT));
        return texts;
    }
}
