package dev.mimic.engine.jinja;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Filters that apply a filter or a test to every item; they work when their result is read. */
final class SelectionFilters {
    private SelectionFilters() {}

    static void register(Map<String, Filters.Filter> filters) {
        filters.put("map", SelectionFilters::map);
        filters.put("select", (value, arguments, evaluator) -> select(value, arguments, evaluator, true, false));
        filters.put("reject", (value, arguments, evaluator) -> select(value, arguments, evaluator, false, false));
        filters.put("selectattr", (value, arguments, evaluator) -> select(value, arguments, evaluator, true, true));
        filters.put("rejectattr", (value, arguments, evaluator) -> select(value, arguments, evaluator, false, true));
    }

    private static Object map(Object value, Arguments arguments, Evaluator evaluator) {
        if (!Comparisons.truth(value)) {
            return new Generator(List.of().iterator());
        }
        UnaryOperator<Object> change = change(arguments, evaluator);
        Iterator<Object> items = Items.iterate(value, evaluator.budget());
        return new Generator(new Iterator<>() {
            @Override
            public boolean hasNext() {
                return items.hasNext();
            }

            @Override
            public Object next() {
                return change.apply(items.next());
            }
        });
    }

    private static UnaryOperator<Object> change(Arguments arguments, Evaluator evaluator) {
        if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
            Map<String, Object> named = new LinkedHashMap<>(arguments.named());
            AttributePath path =
                    new AttributePath(named.remove("attribute"), named.remove("default"), evaluator.budget());
            if (!named.isEmpty()) {
                throw new TemplateException("Unexpected keyword argument "
                        + PythonText.quote(named.keySet().iterator().next()));
            }
            return path::of;
        }
        if (arguments.positional().isEmpty()) {
            throw new TemplateException("map requires a filter argument");
        }
        String name = PythonText.expectText("map", arguments.positional().getFirst());
        Arguments rest = arguments.rest(1);
        return item -> Filters.apply(name, item, rest, evaluator);
    }

    private static Object select(
            Object value, Arguments arguments, Evaluator evaluator, boolean wanted, boolean byAttribute) {
        if (!Comparisons.truth(value)) {
            return new Generator(List.of().iterator());
        }
        Budget budget = evaluator.budget();
        if (byAttribute && arguments.positional().isEmpty()) {
            throw new TemplateException("Missing parameter for attribute name");
        }
        AttributePath path =
                new AttributePath(byAttribute ? arguments.positional().getFirst() : null, budget);
        int at = byAttribute ? 1 : 0;
        boolean tested = arguments.positional().size() > at;
        String test =
                tested ? PythonText.expectText("select", arguments.positional().get(at)) : null;
        Arguments rest = tested ? arguments.rest(at + 1) : Arguments.NONE;
        return new Generator(new Filtered(Items.iterate(value, budget), item -> {
            Object tried = path.of(item);
            return wanted == (tested ? Tests.apply(test, tried, rest, budget) : Comparisons.truth(tried));
        }));
    }
}
