package dev.mimic.adapt.search;

import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.svf.MixtureSpace;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Few-shot adaptation: searches the mixture of experts that answers some examples best, by the cross-entropy method. A
 * population is one batch: every candidate's every shot, each row with its candidate's z. The score is the share of right
 * answers; among the best the log-likelihood of the right answers decides which is kept. Where only the elites count, as
 * for their mean, candidates that cannot come among them any more are asked no further: a {@link Race}, in a few batches.
 */
public final class FewShotSearch {
    private final Evaluator evaluator;
    private final MixtureSpace space;
    private final Task task;
    private final List<Example> shots;
    private final int replyLimit;

    /** Hears how a search goes on. */
    public interface Listener {
        /** Hears nothing. */
        Listener NONE = new Listener() {};

        /** Some replies of a generation have come. */
        default void replied(int generation, int replies, int of) {}

        /** A generation is done. */
        default void generation(Generation generation) {}
    }

    /**
     * A generation.
     *
     * @param number from 1
     * @param best share of the shots that its best member answers right
     * @param average the same of all members; of those that were asked no further the most they could have reached
     * @param mean the distribution's mean after it, [groups, experts]
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Generation(int number, double best, double average, double[] mean) {}

    /**
     * Prepares a search.
     *
     * @param engine borrowed, with the factors that the space was made of
     * @param shots at least one, which the task has read; never among those reported on
     * @param replyLimit new tokens of a reply at most
     * @throws dev.mimic.loader.InvalidModelException if a shot's prompt is longer than the context
     */
    public FewShotSearch(Engine engine, MixtureSpace space, Task task, List<Example> shots, int replyLimit) {
        if (shots.isEmpty()) {
            throw new IllegalArgumentException("search: no shots, expected at least one example");
        }
        Evaluator.requireFit(engine, shots);
        this.evaluator = new Evaluator(engine);
        this.space = space;
        this.task = task;
        this.shots = List.copyOf(shots);
        this.replyLimit = replyLimit;
    }

    /**
     * Draws shots, in the order in which they are drawn.
     *
     * @param rows never those reported on
     * @param count all of them if there are fewer
     */
    public static List<Example> draw(List<Example> rows, int count, long seed) {
        List<Example> left = new ArrayList<>(rows);
        SplittableRandom random = new SplittableRandom(seed);
        List<Example> drawn = new ArrayList<>();
        while (drawn.size() < count && !left.isEmpty()) {
            drawn.add(left.remove(random.nextInt(left.size())));
        }
        return drawn;
    }

    /**
     * Searches.
     *
     * @throws IllegalArgumentException if no mixture of the last generation has a value
     */
    public FewShotResult run(FewShotSettings settings, Listener listener) {
        long start = System.nanoTime();
        int experts = space.dimensions() / space.groups();
        CrossEntropyMethod search = new CrossEntropyMethod(
                settings.forSearch(experts, space.groups()), new SplittableRandom(settings.seed()));
        int[] difficulty = new int[shots.size()];
        List<Generation> generations = new ArrayList<>();
        for (int number = 1; number <= settings.generations(); number++) {
            double[][] members = search.ask();
            List<Optional<Adapter>> adapters =
                    Arrays.stream(members).map(this::adapter).toList();
            double[] scores = settings.pick() == FewShotSettings.Pick.BEST
                    ? scores(adapters, number, listener)
                    : raced(adapters, difficulty, search.elites(), number, listener);
            search.tell(scores, settings.pick() == FewShotSettings.Pick.BEST ? ties(scores, adapters) : null);
            Generation generation = new Generation(
                    number,
                    Arrays.stream(scores).filter(s -> !Double.isNaN(s)).max().orElse(0),
                    Arrays.stream(scores)
                            .filter(s -> !Double.isNaN(s))
                            .average()
                            .orElse(0),
                    search.mean());
            generations.add(generation);
            listener.generation(generation);
        }
        double[] alpha = settings.pick() == FewShotSettings.Pick.BEST ? search.best() : search.mean();
        Adapter.Scaling chosen = new Adapter.Scaling(space.scaling(alpha));
        return new FewShotResult(
                alpha,
                space.layers(),
                chosen,
                onShots(Adapter.NONE),
                onShots(chosen),
                List.copyOf(generations),
                (System.nanoTime() - start) / 1e9);
    }

    /** What a candidate's rows carry; empty where its mixture has no value. */
    private Optional<Adapter> adapter(double[] alpha) {
        try {
            return Optional.of(new Adapter.Scaling(space.scaling(alpha)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private double[] scores(List<Optional<Adapter>> adapters, int generation, Listener listener) {
        List<Adapter> valid = adapters.stream().flatMap(Optional::stream).toList();
        List<String> prompts =
                valid.stream().flatMap(_ -> shots.stream().map(Example::prompt)).toList();
        List<String> replies = evaluator.replies(
                prompts,
                i -> valid.get(i / shots.size()),
                replyLimit,
                done -> listener.replied(generation, done, prompts.size()));
        double[] scores = new double[adapters.size()];
        int next = 0;
        for (int i = 0; i < scores.length; i++) {
            if (adapters.get(i).isEmpty()) {
                scores[i] = Double.NaN; // the search takes it as worst
                continue;
            }
            int right = 0;
            for (Example shot : shots) {
                right += task.isRight(replies.get(next++), shot) ? 1 : 0;
            }
            scores[i] = (double) right / shots.size();
        }
        return scores;
    }

    /**
     * Scores that are exact for the best.
     *
     * @param difficulty [shots], how often each was missed so far; added to
     */
    private double[] raced(
            List<Optional<Adapter>> adapters, int[] difficulty, int winners, int generation, Listener listener) {
        int[] valid = IntStream.range(0, adapters.size())
                .filter(i -> adapters.get(i).isPresent())
                .toArray();
        int[] hardestFirst = IntStream.range(0, shots.size())
                .boxed()
                .sorted(Comparator.comparingInt((Integer shot) -> -difficulty[shot]))
                .mapToInt(Integer::intValue)
                .toArray();
        Race race = new Race(valid.length, hardestFirst, winners);
        int before = 0;
        for (List<Race.Entry> wave = race.next(); !wave.isEmpty(); wave = race.next()) {
            List<Race.Entry> entries = wave;
            int replied = before;
            List<String> replies = evaluator.replies(
                    entries.stream()
                            .map(entry -> shots.get(entry.shot()).prompt())
                            .toList(),
                    i -> adapters.get(valid[entries.get(i).candidate()]).orElseThrow(),
                    replyLimit,
                    done -> listener.replied(generation, replied + done, valid.length * shots.size()));
            for (int i = 0; i < replies.size(); i++) {
                Race.Entry entry = entries.get(i);
                race.tell(entry, task.isRight(replies.get(i), shots.get(entry.shot())));
            }
            before += replies.size();
        }
        Arrays.setAll(difficulty, shot -> difficulty[shot] + race.missed()[shot]);
        double[] scores = new double[adapters.size()];
        Arrays.fill(scores, Double.NaN);
        for (int i = 0; i < valid.length; i++) {
            scores[valid[i]] = race.scores()[i];
        }
        return scores;
    }

    /** Log-likelihoods of the right answers, for those that share the best score; for the others it does not matter. */
    private double[] ties(double[] scores, List<Optional<Adapter>> adapters) {
        double top = Arrays.stream(scores).filter(s -> !Double.isNaN(s)).max().orElse(Double.NaN);
        double[] ties = new double[scores.length];
        Arrays.fill(ties, Double.NEGATIVE_INFINITY);
        int[] tied =
                IntStream.range(0, scores.length).filter(i -> scores[i] == top).toArray();
        if (tied.length > 1) {
            List<Adapter> candidates = Arrays.stream(tied)
                    .mapToObj(i -> adapters.get(i).orElseThrow())
                    .toList();
            double[] likelihoods = evaluator.logLikelihoods(shots, candidates, replyLimit);
            for (int i = 0; i < tied.length; i++) {
                ties[tied[i]] = likelihoods[i];
            }
        }
        return ties;
    }

    private Accuracy onShots(Adapter adapter) {
        Stream<Boolean> right = evaluator.ask(task, shots, _ -> adapter, replyLimit, _ -> {}).stream()
                .map(answer -> answer.right());
        return new Accuracy((int) right.filter(r -> r).count(), shots.size());
    }
}
