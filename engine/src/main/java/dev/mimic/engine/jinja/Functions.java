package dev.mimic.engine.jinja;

import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Functions that every template has: those of jinja2 and the two that transformers adds. */
final class Functions {
    private static final Map<String, Callable> ALL = Map.of(
            "range", Functions::range,
            "dict", Functions::dict,
            "namespace", (arguments, evaluator) -> new Namespace(dict(arguments, evaluator)),
            "cycler", (arguments, _) -> new Cycler(new ArrayList<>(arguments.positional())),
            "joiner", (arguments, _) -> joiner(arguments),
            "raise_exception", Functions::raise,
            "strftime_now", Functions::now);

    private Functions() {}

    /** A function by name; {@link Items#ABSENT} if there is none. */
    static Object get(String name) {
        Callable function = ALL.get(name);
        return function == null ? Items.ABSENT : function;
    }

    private static Object range(Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("range", "start", "stop?", "step?");
        long start = bound.given(1) ? bound.integer(0) : 0;
        long stop = bound.given(1) ? bound.integer(1) : bound.integer(0);
        long step = bound.integer(2, 1);
        if (step == 0) {
            throw new TemplateException("range() arg 3 must not be zero");
        }
        Range range = new Range(start, stop, step);
        if (range.length() > Range.MAX_LENGTH) {
            throw new TemplateException(
                    "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + Range.MAX_LENGTH + ").");
        }
        return range;
    }

    private static Map<Object, Object> dict(Arguments arguments, Evaluator evaluator) {
        if (arguments.positional().size() > 1) {
            throw new TemplateException("dict expected at most 1 argument, got "
                    + arguments.positional().size());
        }
        Map<Object, Object> dict = arguments.positional().isEmpty()
                ? new LinkedHashMap<>()
                : Operators.dict(arguments.positional().getFirst(), evaluator.budget());
        evaluator.budget().items(arguments.named().size());
        dict.putAll(arguments.named());
        return dict;
    }

    private static Callable joiner(Arguments arguments) {
        String separator = arguments.bind("joiner", "sep?").text(0, ", ");
        boolean[] used = new boolean[1];
        return (_, _) -> {
            String text = used[0] ? separator : "";
            used[0] = true;
            return text;
        };
    }

    private static Object raise(Arguments arguments, Evaluator evaluator) {
        throw new TemplateException(
                PythonText.str(arguments.bind("raise_exception", "message").get(0), evaluator.budget()));
    }

    private static Object now(Arguments arguments, Evaluator evaluator) {
        return Strftime.format(
                LocalDateTime.now(ZoneId.systemDefault()),
                arguments.bind("strftime_now", "format").text(0),
                evaluator.budget());
    }

    /** Python's {@code reversed} for values that allow it; null for others. */
    static List<Object> reversed(Object value, Budget budget) {
        if (value instanceof Generator || !Items.iterable(value, budget)) {
            return null;
        }
        return Items.list(value, budget).reversed();
    }
}
