package dev.mimic.app.command;

import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.loader.safetensors.DType;
import picocli.CommandLine.Option;

/** Options of the singular value decomposition. */
final class DecompositionFlags implements CheckedOptions {
    @Option(
            names = "--method",
            paramLabel = "M",
            description = {
                "full: all singular values; gaussian or srft: randomized (Halko, Martinsson, Tropp 2011),",
                "with --rank. Default: ${DEFAULT-VALUE}."
            })
    private DecomposeOptions.Method method = DecomposeOptions.Method.FULL;

    @Option(names = "--rank", paramLabel = "K", description = "Singular values to keep (default with full: all).")
    private Integer rank;

    @Option(
            names = "--oversampling",
            paramLabel = "P",
            description = "Columns of the sketch beyond the rank (default: ${DEFAULT-VALUE}).")
    private int oversampling = 10;

    @Option(names = "--power", paramLabel = "Q", description = "Power iterations (default: ${DEFAULT-VALUE}).")
    private int power = 2;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the sketch (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Override
    public void check() {
        if (rank != null && rank < 1) {
            throw new IllegalArgumentException("--rank: expected at least 1, got " + rank);
        }
        options(DecomposeOptions.defaults().targets(), DType.F32, false);
    }

    DecomposeOptions options(Targets targets, DType dtype, boolean check) {
        return new DecomposeOptions(targets, method, rank == null ? 0 : rank, oversampling, power, seed, dtype, check);
    }
}
