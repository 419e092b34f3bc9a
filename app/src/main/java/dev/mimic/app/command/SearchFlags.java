package dev.mimic.app.command;

import dev.mimic.adapt.search.FewShotSettings;
import picocli.CommandLine.Option;

/** Options of the few-shot search. */
final class SearchFlags implements CheckedOptions {
    @Option(names = "--population", paramLabel = "N", description = "Candidates at once (default: ${DEFAULT-VALUE}).")
    private int population = FewShotSettings.DEFAULTS.population();

    @Option(
            names = "--elite",
            paramLabel = "SHARE",
            description = "Share of them that moves the search (default: ${DEFAULT-VALUE}).")
    private double elite = FewShotSettings.DEFAULTS.eliteShare();

    @Option(names = "--generations", paramLabel = "N", description = "Rounds (default: ${DEFAULT-VALUE}).")
    private int generations = FewShotSettings.DEFAULTS.generations();

    @Option(
            names = "--ema",
            paramLabel = "SHARE",
            description = "Weight of the old mean and deviation in the new (default: ${DEFAULT-VALUE}).")
    private double ema = FewShotSettings.DEFAULTS.ema();

    @Option(
            names = "--range",
            paramLabel = "LOW,HIGH",
            description = "Least and largest weight of an expert (default: ${DEFAULT-VALUE}).")
    private String range = "0,1";

    @Option(
            names = "--result",
            paramLabel = "R",
            description = "best: the best member (default); mean: the mean of the last elites.")
    private FewShotSettings.Pick result = FewShotSettings.DEFAULTS.pick();

    @Option(names = "--per-layer", description = "Search a weight for every layer of every expert.")
    private boolean perLayer;

    @Override
    public void check() {
        settings(0);
    }

    boolean perLayer() {
        return perLayer;
    }

    /**
     * The settings.
     *
     * @param seed of the candidates
     * @throws IllegalArgumentException naming the option that has no meaning
     */
    FewShotSettings settings(long seed) {
        String[] ends = range.split(",", -1);
        try {
            if (ends.length == 2) {
                double low = Double.parseDouble(ends[0].strip());
                double high = Double.parseDouble(ends[1].strip());
                return new FewShotSettings(population, elite, generations, low, high, ema, result, seed);
            }
        } catch (NumberFormatException e) {
            throw badRange();
        }
        throw badRange();
    }

    private IllegalArgumentException badRange() {
        return new IllegalArgumentException("--range: expected two numbers LOW,HIGH, got '" + range + "'");
    }
}
