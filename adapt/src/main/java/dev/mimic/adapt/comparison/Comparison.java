package dev.mimic.adapt.comparison;

import dev.mimic.adapt.AdaptedAnswers;
import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.evaluation.McNemar;
import dev.mimic.adapt.task.Example;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.sampling.SamplingOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * All methods on all tasks, each on the same examples.
 *
 * @param rows in the order of the table
 * @param columns in the order of the table
 * @param cells row by row
 */
public record Comparison(List<Method> rows, List<Column> columns, List<Cell> cells) {
    /** Hears how a comparison goes on. */
    public interface Listener {
        /** Hears nothing. */
        Listener NONE = (_, _) -> _ -> {};

        /**
         * A cell begins.
         *
         * @param replies of both passes to be made
         * @return hears how many have come
         */
        IntConsumer begin(Cell cell, int replies);
    }

    /**
     * Two methods on the same examples.
     *
     * @param column the name of the task
     */
    public record Pair(String column, Method first, Method second, McNemar test) {}

    public Comparison {
        rows = List.copyOf(rows);
        columns = List.copyOf(columns);
        cells = List.copyOf(cells);
        if (cells.size() != rows.size() * columns.size()) {
            throw new IllegalArgumentException(
                    "Comparison: " + cells.size() + " cells, expected " + rows.size() + " rows of " + columns.size());
        }
    }

    /**
     * Asks every method every column's examples, greedily.
     *
     * @param engine borrowed
     * @param replyLimit new tokens of a reply at most; 0 for what each task says
     */
    public static Comparison run(
            Engine engine,
            List<Method> rows,
            List<Column> columns,
            Contenders contenders,
            int replyLimit,
            Listener listener) {
        warm(engine, columns);
        List<Cell> cells = new ArrayList<>();
        for (Method method : rows) {
            for (Column column : columns) {
                cells.add(cell(engine, method, column, contenders.of(method, column), replyLimit, listener));
            }
        }
        return new Comparison(rows, columns, cells);
    }

    /** A few short replies, so that the first cell's seconds are no others than the next one's. */
    private static void warm(Engine engine, List<Column> columns) {
        for (Column column : columns) {
            List<String> few =
                    column.test().stream().limit(16).map(Example::prompt).toList();
            new Evaluator(engine).replies(few, _ -> Adapter.NONE, 8, _ -> {});
        }
    }

    private static Cell cell(
            Engine engine, Method method, Column column, Contender contender, int replyLimit, Listener listener) {
        Cell empty = new Cell(method, column, contender, Optional.empty());
        return switch (contender) {
            case Contender.Missing _ -> empty;
            case Contender.Ready ready -> {
                int replies =
                        AdaptedAnswers.replies(ready.dispatcher(), column.test().size());
                AdaptedAnswers answers = AdaptedAnswers.ask(
                        engine,
                        SamplingOptions.GREEDY,
                        ready.dispatcher(),
                        column.task(),
                        column.test(),
                        replyLimit == 0 ? column.task().replyLimit() : replyLimit,
                        listener.begin(empty, replies));
                yield new Cell(method, column, contender, Optional.of(answers));
            }
        };
    }

    /** A cell; a method that is no row has none. */
    public Optional<Cell> cell(Method method, Column column) {
        int row = rows.indexOf(method);
        return row < 0 ? Optional.empty() : Optional.of(cells.get(row * columns.size() + columns.indexOf(column)));
    }

    /** A row's cells. */
    public List<Cell> row(Method method) {
        return columns.stream().flatMap(column -> cell(method, column).stream()).toList();
    }

    /** Every method against one of them, in every column where both have answered. */
    public List<Pair> against(Method other) {
        List<Pair> pairs = new ArrayList<>();
        for (Method method : rows) {
            for (Column column : columns) {
                if (method != other) {
                    pair(column, method, other).ifPresent(pairs::add);
                }
            }
        }
        return pairs;
    }

    /** Two methods in a column, if both have answered. */
    public Optional<Pair> pair(Column column, Method first, Method second) {
        Optional<AdaptedAnswers> one = cell(first, column).flatMap(Cell::result);
        Optional<AdaptedAnswers> other = cell(second, column).flatMap(Cell::result);
        return one.isEmpty() || other.isEmpty()
                ? Optional.empty()
                : Optional.of(new Pair(
                        column.name(),
                        first,
                        second,
                        McNemar.of(one.get().answers(), other.get().answers())));
    }
}
